import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ResultBlock } from "../../worker/src/evaluation/module.ts";
import { callSummarize } from "../../worker/src/results/call-summarize.ts";
import { sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();

async function* blocks(count: number): AsyncGenerator<ResultBlock> {
  for (let start = 0; start < count; start++) yield { start, count: 1, columns: {} };
}

const never = () => new Promise<never>(() => {});

test("a summarize that waits for ever is given up", async () => {
  await expect(callSummarize(never, blocks(1), 50)).rejects.toThrow(
    "it has neither returned nor read a block for 0.05 s",
  );
});

test("a summarize that reads may take longer than the limit in all, and stops at it without reading", async () => {
  const reading = async (results: AsyncIterable<ResultBlock>) => {
    let count = 0;
    for await (const _ of results) {
      count++;
      await setTimeout(100);
    }
    return `${count} blocks`;
  };
  await expect(callSummarize(reading, blocks(8), 500)).resolves.toBe("8 blocks");
  const stuck = async (results: AsyncIterable<ResultBlock>) => {
    for await (const _ of results) await never();
    return "";
  };
  await expect(callSummarize(stuck, blocks(2), 50)).rejects.toThrow("it has neither returned nor read a block");
});

test("a store that is slow is no fault of the summarize", async () => {
  async function* slowly() {
    for await (const block of blocks(2)) {
      await setTimeout(200);
      yield block;
    }
    await setTimeout(200);
  }
  const reading = async (results: AsyncIterable<ResultBlock>) => {
    let count = 0;
    for await (const _ of results) count++;
    return `${count} blocks`;
  };
  await expect(callSummarize(reading, slowly(), 100)).resolves.toBe("2 blocks");
});

test.each([
  ["never resolves", "new Promise(() => {})", "Error: its promise is never resolved: nothing is left to wait for"],
  ["throws anything", "(() => { throw Object.create(null); })()", "threw an object that cannot be described"],
  ["returns no text", "Object.create(null)", "TypeError: Cannot convert object to primitive value"],
])("a run whose summarize %s ends with the general summary and the reason", async (name, result, reason) => {
  const evaluation = writeEvaluation(
    directory,
    name.replaceAll(" ", "-"),
    `export const evaluate = (parameter) => parameter; export const summarize = () => ${result};`,
  );
  const args = ["run", evaluation, "--total", "10", "--workers", "1", "--results", join(directory, `${name} results`)];
  const { code, stdout, stderr } = await sweep(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(
    `the evaluation's summarize failed: ${reason}\nvalue: least 0 (parameter 0), greatest 9 (parameter 9), sum 45\nvalue sha256 `,
  );
});
