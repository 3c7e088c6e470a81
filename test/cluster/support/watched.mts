import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { evaluate as collatz } from "../../../worker/evaluations/collatz.ts";

/*
 * An evaluation that tells a test what it evaluates, and that a test can hold and spoil. Without the environment variables, which come
 * from a Secret of the Job or from the kubelet, it is collatz.
 */
export const columns = ["steps"];

const { ASK_URL, ASK_AT, EVALUATED_FOLDER } = process.env;
// An executor has no number. Each of its slots evaluates in a process of its own.
const { WORKER_ID = process.pid } = process.env;
const askAt = new Set(ASK_AT?.split(",").map(Number));
// Each parameter is written at once, so that a kill loses none.
const evaluated =
  EVALUATED_FOLDER === undefined ? undefined : openSync(join(EVALUATED_FOLDER, `${WORKER_ID}-${process.pid}`), "a");

await ask("load");

export function evaluate(parameter: number): { steps: number } | Promise<{ steps: number }> {
  if (evaluated !== undefined) writeSync(evaluated, Int32Array.of(parameter));
  if (askAt.has(parameter)) return ask(String(parameter)).then(() => collatz(parameter));
  // Finished blocks are reported every 20 ms. Faster ones would wait for the end of a block that is held.
  if (ASK_URL !== undefined && parameter % 1_000 === 0) return setTimeout(10).then(() => collatz(parameter));
  return collatz(parameter);
}

/** Asks what to do, and does it. */
async function ask(question: string): Promise<void> {
  if (ASK_URL === undefined) return;
  const answer = await (await fetch(`${ASK_URL}/${WORKER_ID}/${question}`)).text();
  if (answer === "throw") throw new Error("as the test asked");
  if (answer === "loop") for (;;);
  if (answer === "memory") {
    const taken = Buffer.alloc(1024 ** 3, 1);
    // Until the kernel ends it.
    await new Promise(() => setInterval(() => taken.fill(2), 1000));
  }
}
