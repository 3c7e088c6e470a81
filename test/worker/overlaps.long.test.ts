import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { array, assert, asyncProperty, constant, integer, nat, oneof } from "fast-check";
import { endOf } from "../../worker/src/parameters/ranges.ts";
import { resultBlocks } from "../../worker/src/results/blocks.ts";
import { type VerifyOptions, verify } from "../../worker/src/results/verify.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import {
  type Evaluated,
  evaluated,
  type Outcome,
  startAgain,
  stepsOf,
  storeAll,
  testIdentity,
} from "../support/stores.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
let s3: FakeS3;

beforeAll(async () => {
  s3 = await FakeS3.start();
  Object.assign(process.env, s3.environment);
});
afterAll(() => s3.stop());

const newDirectory = () => `file:${mkdtempSync(join(directory, "results-"))}`;
let buckets = 0;
const newBucket = () => `s3://bucket/runs/${++buckets}`;

/** The value of each parameter, or the error of its failure. */
async function contentOf(url: string, options?: VerifyOptions): Promise<(number | string)[]> {
  const { reader, failures, receipt } = await verify(url, options);
  // Verified again, it is the same.
  expect((await verify(url, options)).receipt).toEqual(receipt);
  const errors = new Map(failures.map(({ parameter, error }) => [parameter, error]));
  const content: (number | string)[] = [];
  for await (const { start, columns } of resultBlocks(reader)) {
    for (const [index, value] of (columns.a as Float64Array).entries()) {
      content.push(errors.get(start + index) ?? value);
    }
  }
  return content;
}

describe("of two workers with the block 0-59, where 40 timed out, and the block 30-99, where it did not", () => {
  const identity = testIdentity(100, 100);
  const early = evaluated(0, 60, 1, { 40: "timeout" });
  const late = evaluated(30, 70, 2);

  test("in a bucket, the earlier block counts, and the rest of the later one", async () => {
    const contents = [];
    for (const order of [
      [early, late],
      [late, early],
    ]) {
      const url = newBucket();
      const store = await openStore(url);
      await store.create(identity, undefined);
      await storeAll(store, identity, order);
      expect(await startAgain(store, identity, 3)).toBe(0);
      contents.push(await contentOf(url));
    }
    const expected = Array.from({ length: 100 }, (_, index) => (index < 60 ? 1 : 2));
    expect(contents[0]).toEqual(Object.assign([...expected], { 40: "late in 0-60" }));
    expect(contents[1]).toEqual(contents[0]);
  });

  test("in a directory, the block that was overwritten is damaged, and the next start computes its rest", async () => {
    const url = newDirectory();
    const store = await openStore(url);
    await store.create(identity, undefined);
    await storeAll(store, identity, [early, late]);
    await expect(verify(url)).rejects.toThrow(
      "is not complete: 30 parameters are missing (0-29), 30 of them because their values do not match their checksum. " +
        "Start the run again: it computes only these",
    );
    expect(await startAgain(store, identity, 3)).toBe(30);
    expect(await contentOf(url)).toEqual(Array.from({ length: 100 }, (_, index) => (index < 30 ? 3 : 2)));
  });
});

describe("after random overlapping commits in any order", () => {
  const TOTAL = 40;
  const RECOMPUTED = 1_000;
  const identity = testIdentity(TOTAL, TOTAL);
  const outcome = oneof(nat(3), constant<Outcome>("timeout"), constant(Number.NaN));
  const block = integer({ min: 0, max: TOTAL - 1 }).chain((start) =>
    array(outcome, { minLength: 1, maxLength: TOTAL - start }).map(
      (outcomes): Evaluated => ({ start, count: outcomes.length, outcomes }),
    ),
  );
  const blocks = array(block, { minLength: 1, maxLength: 7, size: "max" });
  /** Which worker takes the next step. */
  const schedule = array(nat(6), { maxLength: 21, size: "max" });

  /** Stores the blocks, with the steps of their workers in the order of the schedule. @returns the blocks as they were committed. */
  async function interleave(url: string, evaluations: readonly Evaluated[], turns: readonly number[]) {
    const store = await openStore(url);
    await store.create(identity, undefined);
    const committed: Evaluated[] = [];
    const workers = [];
    for (const evaluation of evaluations)
      workers.push({ evaluation, steps: await stepsOf(store, identity, evaluation) });
    // The rest, one worker after the other.
    const rest = workers.flatMap(({ steps }, worker) => steps.map(() => worker));
    for (const turn of [...turns, ...rest]) {
      const { evaluation, steps } = workers[turn % workers.length] as (typeof workers)[number];
      await steps.shift()?.();
      if (steps.length === 0 && !committed.includes(evaluation)) committed.push(evaluation);
    }
    return { store, committed };
  }

  /** The content as of one evaluation: NaN is a value unless it has an error. */
  const resultOf = ({ start, count, outcomes }: Evaluated, parameter: number) => {
    const result = outcomes[parameter - start] as Outcome;
    return result === "timeout" ? `late in ${start}-${count}` : result;
  };
  const holds = (evaluation: Evaluated, parameter: number) =>
    evaluation.start <= parameter && parameter < endOf(evaluation);

  test("a bucket has the result of the first block that holds a parameter, by start, then longest", async () => {
    const property = asyncProperty(blocks, schedule, async (evaluations, turns) => {
      const url = newBucket();
      const { store, committed } = await interleave(url, evaluations, turns);
      // An object is never replaced: the first of the same range stays.
      const objects = committed.filter(
        ({ start, count }, index) => committed.findIndex((one) => one.start === start && one.count === count) === index,
      );
      objects.sort((one, other) => one.start - other.start || other.count - one.count);
      const expected = Array.from({ length: TOTAL }, (_, parameter) => {
        const first = objects.find((object) => holds(object, parameter));
        return first === undefined ? RECOMPUTED : resultOf(first, parameter);
      });
      const missing = expected.filter((result) => result === RECOMPUTED).length;
      if (missing > 0) await expect(verify(url)).rejects.toThrow(`${missing} parameters are missing`);
      const failed = expected.filter((result) => typeof result === "string").length;
      expect(await store.progress()).toEqual({ identity, committed: TOTAL - missing, failed });
      expect(await startAgain(store, identity, RECOMPUTED)).toBe(missing);
      expect(await contentOf(url)).toEqual(expected);
    });
    await assert(property, { numRuns: 30 });
  });

  test("a copy of a bucket that was downloaded between commits has the results of the bucket", async () => {
    const property = asyncProperty(blocks, async (evaluations) => {
      const url = newBucket();
      const options = { downloadDirectory: mkdtempSync(join(directory, "copy-")) };
      const store = await openStore(url);
      await store.create(identity, undefined);
      for (const evaluation of evaluations) {
        await storeAll(store, identity, [evaluation]);
        await verify(url, options).catch(({ message }) => expect(message).toContain("parameters are missing"));
      }
      await startAgain(store, identity, RECOMPUTED);
      expect(await contentOf(url, options)).toEqual(await contentOf(url));
    });
    await assert(property, { numRuns: 20 });
  });

  test("a directory has one of the results of a parameter, or computes it at the next start", async () => {
    const property = asyncProperty(blocks, schedule, async (evaluations, turns) => {
      const url = newDirectory();
      const { store, committed } = await interleave(url, evaluations, turns);
      const before = await contentOf(url).catch(({ message }) => message as string);
      const recomputed = await startAgain(store, identity, RECOMPUTED);
      const isComplete = recomputed === 0;
      if (isComplete) expect(before).toHaveLength(TOTAL);
      else expect(before).toContain(`${recomputed} parameters are missing`);
      const content = await contentOf(url);
      expect(content.filter((result) => result === RECOMPUTED)).toHaveLength(recomputed);
      for (const [parameter, result] of content.entries()) {
        const results = committed.filter((one) => holds(one, parameter)).map((one) => resultOf(one, parameter));
        expect([...results, RECOMPUTED]).toContainEqual(result);
      }
      expect(await startAgain(store, identity, RECOMPUTED)).toBe(0);
      if (isComplete) expect(content).toEqual(before);
    });
    await assert(property, { numRuns: 80 });
  });
});
