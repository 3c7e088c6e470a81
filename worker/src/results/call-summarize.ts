import type { EvaluationModule, ResultBlock } from "../evaluation/module.ts";

/** How long `summarize` may take after it has read a block. It runs when everything is committed, and somebody waits for the prompt. */
const SILENT_MS = 60_000;

/**
 * Calls a module's `summarize`, which has a limit: it must read the next block or return within a minute. A call that blocks this process
 * ends only with Ctrl-C.
 *
 * @throws an error if the limit is reached, or if nothing is left that could resolve its promise.
 */
export async function callSummarize(
  summarize: NonNullable<EvaluationModule["summarize"]>,
  blocks: AsyncIterable<ResultBlock>,
  silentMs = SILENT_MS,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  let onIdle = () => {};
  const limit = new Promise<never>((_, reject) => {
    // Without unref, this timer alone would keep the process alive, and a promise that nothing resolves would cost the whole minute.
    timer = setTimeout(
      () => reject(new Error(`it has neither returned nor read a block for ${silentMs / 1000} s`)),
      silentMs,
    ).unref();
    // An immediate keeps the process alive for the rest.
    onIdle = () => setImmediate(() => reject(new Error("its promise is never resolved: nothing is left to wait for")));
    process.once("beforeExit", onIdle);
  });
  try {
    return String(await Promise.race([summarize(whileReading(blocks, () => timer?.refresh())), limit]));
  } finally {
    clearTimeout(timer);
    process.off("beforeExit", onIdle);
  }
}

async function* whileReading(blocks: AsyncIterable<ResultBlock>, onBlock: () => void): AsyncGenerator<ResultBlock> {
  for await (const block of blocks) {
    onBlock();
    yield block;
  }
  onBlock();
}
