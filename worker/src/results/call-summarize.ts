import type { EvaluationModule, ResultBlock } from "../evaluation/module.ts";

/** How long `summarize` may take for a block. It runs when everything is committed, and somebody waits for the prompt. */
const SILENT_MS = 60_000;

/**
 * Calls a module's `summarize`, which has a limit: it must read the next block or return within a minute. The time that the store takes
 * for a block does not count. A call that blocks this process ends only with Ctrl-C.
 *
 * @throws an error if the limit is reached, or if nothing is left that could resolve its promise.
 */
export async function callSummarize(
  summarize: NonNullable<EvaluationModule["summarize"]>,
  blocks: AsyncIterable<ResultBlock>,
  silentMs = SILENT_MS,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  let onLate = () => {};
  let onIdle = () => {};
  const limit = new Promise<never>((_, reject) => {
    onLate = () => reject(new Error(`it has neither returned nor read a block for ${silentMs / 1000} s`));
    // An immediate keeps the process alive for the rest.
    onIdle = () => setImmediate(() => reject(new Error("its promise is never resolved: nothing is left to wait for")));
  });
  const stopTimer = () => clearTimeout(timer);
  const startTimer = () => {
    stopTimer();
    // Without unref, this timer alone would keep the process alive, and a promise that nothing resolves would cost the whole minute.
    timer = setTimeout(onLate, silentMs).unref();
  };
  process.once("beforeExit", onIdle);
  startTimer();
  try {
    return String(await Promise.race([summarize(whileReading(blocks, stopTimer, startTimer)), limit]));
  } finally {
    stopTimer();
    process.off("beforeExit", onIdle);
  }
}

/** Stops the timer while the next block is read. */
async function* whileReading(
  blocks: AsyncIterable<ResultBlock>,
  stopTimer: () => void,
  startTimer: () => void,
): AsyncGenerator<ResultBlock> {
  try {
    stopTimer();
    for await (const block of blocks) {
      startTimer();
      yield block;
      stopTimer();
    }
  } finally {
    startTimer();
  }
}
