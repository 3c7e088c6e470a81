/**
 * `main.ts` imports this file first. Node.js would otherwise read the source map of every module, and cdktf takes a stack trace for each
 * of thousands of tokens: together an eighth of the synthesis time. After an unexpected error `main.ts` runs again with
 * `SYNTH_STACK_TRACES=1`.
 */
if (process.env.SYNTH_STACK_TRACES !== "1") {
  process.setSourceMapsEnabled(false);
  Error.stackTraceLimit = 0;
}
