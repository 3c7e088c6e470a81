import { join } from "node:path";
import fc from "fast-check";
import { ConcurrentEvaluation } from "../../worker/src/evaluation/concurrent-evaluation.ts";
import { InFlightFile } from "../../worker/src/evaluation/in-flight-file.ts";
import type { Evaluate } from "../../worker/src/evaluation/module.ts";
import type { CompletedPart } from "../../worker/src/evaluation/protocol.ts";
import { CounterBasedContext } from "../../worker/src/parameters/random.ts";
import { countOf, union } from "../../worker/src/parameters/ranges.ts";
import { createChecksum } from "../../worker/src/stores/checksum.ts";
import { ColumnFiles } from "../../worker/src/stores/column-files.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const spoolPath = join(directory, "value.f64");
const inFlightPath = join(directory, "in-flight");

/** Evaluates consecutive blocks of the given sizes until all parameters are completed, or until `stopAfter` have finished. */
async function evaluate(concurrency: number, sizes: readonly number[], evaluateOne: Evaluate, stopAfter = Number.NaN) {
  const parts: CompletedPart[] = [];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const checksum = await createChecksum();
  let finished = 0;
  let [inFlight, most] = [0, 0];
  await new Promise<void>((resolve) => {
    const evaluation = new ConcurrentEvaluation({
      columns: undefined,
      evaluate: (parameter, context) => {
        const result = evaluateOne(parameter, context);
        if (typeof result === "number") return result;
        most = Math.max(most, ++inFlight);
        return Promise.resolve(result).finally(() => {
          inFlight--;
          if (++finished === stopAfter) setImmediate(() => evaluation.stop(0));
        });
      },
      concurrency,
      seed: 3,
      checksum,
      send: (message) => {
        if (message.type === "completed") parts.push(...message.parts);
        if (countOf(parts) === total) resolve();
      },
      exit: resolve,
    });
    evaluation.open({
      type: "open",
      spoolPaths: [spoolPath],
      batchSize: 10,
      completeEveryMs: 1,
      timeoutMs: 0,
      inFlightPath,
    });
    const blocks = sizes.map((count, index) => {
      const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
      return { start, position: start, count };
    });
    void evaluation.add(blocks);
  });
  const files = ColumnFiles.openToRead([spoolPath]);
  const completed = parts.map((part) => {
    const columns = files.read(part.start, part.count);
    return {
      ...part,
      values: [...(columns[0] as Float64Array)],
      isIntact: checksum(part.start, columns) === part.checksum,
    };
  });
  files.close();
  return { completed, total, most, finished };
}

/** Waits for some turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((go) => setImmediate(go));
}

const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
const concurrency = fc.integer({ min: 2, max: 20 });
const waits = fc.infiniteStream(fc.integer({ min: 0, max: 4 }));

test("every parameter is completed once, with its own value, in whatever order the promises resolve", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, concurrency, waits, async (blocks, n, turnsOf) => {
      const result = await evaluate(n, blocks, (parameter, { random }) => {
        const first = random();
        // Some return at once, with the context that the next parameter gets too.
        if (parameter % 3 === 0 && parameter % 5 !== 4) return first - random() + parameter;
        return turns(turnsOf.next().value as number).then(() => {
          if (parameter % 5 === 4) throw new Error(`five ${parameter}`);
          return first - random() + parameter;
        });
      });
      const { completed, total, most } = result;
      expect(union(completed)).toEqual([{ start: 0, count: total }]);
      expect(countOf(completed)).toBe(total);
      expect(completed.every(({ isIntact }) => isIntact)).toBe(true);
      expect(most).toBeLessThanOrEqual(n);
      for (const { start, count, failures, values } of completed) {
        const bad = Array.from({ length: count }, (_, index) => start + index).filter(
          (parameter) => parameter % 5 === 4,
        );
        expect(failures).toEqual(
          bad.map((parameter) => ({ parameter, kind: "threw", error: `Error: five ${parameter}` })),
        );
        expect(values.flatMap((value, index) => (Number.isNaN(value) ? [start + index] : []))).toEqual(bad);
        for (const [index, value] of values.entries()) {
          const own = new CounterBasedContext(3);
          own.moveTo(start + index);
          if (!Number.isNaN(value)) expect(value).toBe(own.random() - own.random() + (start + index));
        }
      }
      // Nothing is in flight any longer.
      expect(InFlightFile.read(inFlightPath)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("a stop completes exactly the finished parameters, and leaves out the others", async () => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      concurrency,
      waits,
      fc.integer({ min: 1, max: 40 }),
      async (blocks, n, turnsOf, stopAfter) => {
        const done: number[] = [];
        const { completed, total } = await evaluate(
          n,
          blocks,
          async (parameter) => {
            await turns(turnsOf.next().value as number);
            done.push(parameter);
            return parameter;
          },
          stopAfter,
        );
        const parameters = completed.flatMap(({ values }) => values);
        expect(new Set(parameters).size).toBe(parameters.length);
        expect(completed.every(({ isIntact }) => isIntact)).toBe(true);
        expect(parameters.length).toBeGreaterThanOrEqual(Math.min(stopAfter, total));
        expect(done).toEqual(expect.arrayContaining(parameters));
      },
    ),
    { numRuns: 40 },
  );
});

test("a slow parameter holds up neither its block nor the next blocks", async () => {
  let release = () => {};
  const slow = new Promise<void>((go) => {
    release = go;
  });
  const { completed } = await evaluate(2, [5, 5, 5], async (parameter) => {
    if (parameter === 0) await slow;
    if (parameter === 14) release();
    return parameter;
  });
  expect(union(completed)).toEqual([{ start: 0, count: 15 }]);
});

test.each([
  ["returns at once", (parameter: number) => parameter],
  ["returns promises that wait for nothing", async (parameter: number) => parameter],
])("an evaluation that computes without a pause and %s sends heartbeats", async (_, compute: Evaluate) => {
  const doneAt: number[] = [];
  await new Promise<void>((resolve, reject) => {
    const evaluation = new ConcurrentEvaluation({
      columns: undefined,
      evaluate: (parameter, context) => {
        for (const until = performance.now() + 1; performance.now() < until; );
        return compute(parameter, context);
      },
      concurrency: 2,
      seed: 0,
      checksum: () => "",
      send: (message) => {
        if (message.type === "completed" && doneAt.length < 2) reject(new Error("it was silent for its whole block"));
        if (message.type === "progress") doneAt.push(message.done);
        if (doneAt.length === 2) evaluation.stop(0);
      },
      exit: resolve,
    });
    evaluation.open({
      type: "open",
      spoolPaths: [spoolPath],
      batchSize: 1_000,
      completeEveryMs: 1_000_000,
      timeoutMs: 100_000,
      inFlightPath,
    });
    void evaluation.add([{ start: 0, count: 1_000, position: 0 }]);
  });
  expect(doneAt[1]).toBeGreaterThan(doneAt[0] as number);
});

test("as many parameters as the concurrency are in flight, across blocks", async () => {
  let waiting: (() => void)[] = [];
  // With fewer in flight, the promises would never resolve.
  const { most } = await evaluate(16, [5, 5, 5, 5, 5, 7], async (parameter) => {
    await new Promise<void>((go) => {
      waiting.push(go);
      if (waiting.length < 16) return;
      for (const one of waiting) setImmediate(one);
      waiting = [];
    });
    return parameter;
  });
  expect(most).toBe(16);
});
