import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { loadEvaluation } from "sweep-worker";
import { countOf, type Range, union } from "../../worker/src/parameters/ranges.ts";
import type { ResultWriter, SpooledBlock } from "../../worker/src/stores/store.ts";
import { Supervisor, type SupervisorOptions } from "../../worker/src/supervisor/supervisor.ts";
import { temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();

/** A supervisor of an evaluation with this source, and the blocks that it has committed. */
async function supervise(
  name: string,
  source: string,
  options: Partial<SupervisorOptions> & { readonly store?: Partial<ResultWriter> } = {},
) {
  const { store, ...others } = options;
  const { session } = await loadEvaluation({ evaluation: writeEvaluation(directory, name, source) });
  const committed: SpooledBlock[] = [];
  const writer: ResultWriter = {
    spool: {
      paths: [join(directory, `${name}.f64`)],
      completeEveryMs: 60_000,
      capacity: 1,
      reserve: () => 0,
      release: () => {},
    },
    committed: async () => [],
    commit: async (blocks) => {
      committed.push(...blocks);
    },
    flush: async () => {},
    close: async () => {},
    ...store,
  };
  const defaults = { batchSize: 100, timeoutMs: 60_000, maxFailures: 10, onProgress: () => {} };
  return { supervisor: new Supervisor({ ...defaults, session, writer, ...others }), committed };
}

/** A spool that takes this many blocks. */
function spoolOf(name: string, capacity: number): ResultWriter["spool"] {
  let reserved = 0;
  return {
    paths: [join(directory, `${name}.f64`)],
    completeEveryMs: 60_000,
    capacity,
    reserve: ({ count }) => {
      reserved += count;
      return reserved - count;
    },
    release: () => {},
  };
}

test("a stop while the last results of a block that was run parameter by parameter are committed ends the run", async () => {
  let reserved = 0;
  const { supervisor, committed } = await supervise(
    "bad-1",
    "export const evaluate = (parameter: number) => parameter === 1 ? process.exit(3) : parameter;",
    {
      stopGraceMs: 600_000,
      store: {
        spool: {
          paths: [join(directory, "bad-1.f64")],
          completeEveryMs: 60_000,
          capacity: 1,
          reserve: () => {
            // First for the block itself, then for its results one by one.
            if (++reserved === 2) supervisor.stop();
            return 0;
          },
          release: () => {},
        },
      },
    },
  );
  const blocks = [
    { start: 0, count: 4 },
    { start: 4, count: 4 },
  ];
  expect(await supervisor.run(blocks)).toBe("stopped");
  expect(union(committed)).toEqual([{ start: 0, count: 4 }]);
  expect(supervisor.discarded).toBeUndefined();
});

test("a stop at once while a block is run parameter by parameter commits the finished ones and discards nothing", async () => {
  let most = 0;
  const marker = join(directory, "has-crashed");
  const { supervisor, committed } = await supervise(
    "slow-again",
    `import { existsSync, writeFileSync } from "node:fs";
     const hasCrashed = existsSync(${JSON.stringify(marker)});
     export function evaluate(parameter: number): number {
       if (hasCrashed && parameter === 1) for (;;);
       if (parameter === 30) {
         writeFileSync(${JSON.stringify(marker)}, "");
         process.exit(3);
       }
       for (const until = performance.now() + 10; performance.now() < until; );
       return parameter;
     }`,
    {
      onProgress: (_, __, inBlock) => {
        if (inBlock < most) supervisor.stop();
        most = Math.max(most, inBlock);
      },
    },
  );
  expect(await supervisor.run([{ start: 0, count: 40 }])).toBe("stopped");
  expect(most).toBeGreaterThan(1);
  expect(union(committed)).toEqual([{ start: 0, count: 1 }]);
  expect(supervisor.discarded).toBeUndefined();
});

test("the failure of a parameter that ended the worker is stored before the record of it is overwritten", async () => {
  const order: string[] = [];
  const { supervisor } = await supervise("healthy", "export const evaluate = (parameter: number) => parameter;", {
    search: {
      blamed: { parameter: 7, kind: "killed", error: "it was killed" },
      parts: [{ start: 0, count: 2 }],
      enter: async ({ start }) => void order.push(`enter ${start}`),
      end: async () => void order.push("end"),
    },
    store: {
      commit: async (blocks) => {
        await new Promise((stored) => setTimeout(stored, 20));
        order.push(`stored ${blocks.map(({ start, count }) => `${start}+${count}`)}`);
      },
    },
  });
  expect(await supervisor.run([])).toBe("done");
  expect(order).toEqual(["stored 7+1", "enter 0", "stored 0+2", "end"]);
});

test("a store that fails twice at a stop ends the run with its first error, and leaves no rejection behind", async () => {
  const left: unknown[] = [];
  const leave = (error: unknown) => left.push(error);
  process.on("unhandledRejection", leave);
  const { supervisor, committed } = await supervise(
    "slow",
    "export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 5, parameter));",
    {
      onProgress: () => supervisor.stop(),
      store: {
        commit: async () => {
          throw new Error("the disk is full");
        },
        flush: async () => {
          await new Promise((flushed) => setTimeout(flushed, 100));
          throw new Error("the disk is gone");
        },
      },
    },
  );
  await expect(supervisor.run([{ start: 0, count: 100 }])).rejects.toThrow("the disk is full");
  await new Promise((settled) => setTimeout(settled, 100));
  process.off("unhandledRejection", leave);
  expect(left).toEqual([]);
  expect(countOf(committed)).toBe(0);
});

const sleep = "const sleep = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);";

describe("a supervisor that gives up its blocks", () => {
  test.each([
    ["evaluate", `${sleep} export function evaluate(parameter: number) { sleep(5); return parameter; }`],
    [
      "evaluate-block",
      `${sleep} export function evaluateBlock(start: number, count: number, out: Float64Array) { sleep(count / 10); out.fill(start); }`,
    ],
    [
      "promise",
      "export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 5, parameter));",
    ],
    [
      "concurrent",
      `export const concurrency = 4;
       export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 20, parameter));`,
    ],
    [
      // The process dies at the first parameter, and the block is run parameter by parameter.
      "one-by-one",
      `${sleep} export function evaluate(parameter: number) { if (parameter === 0) process.exit(3); sleep(5); return parameter; }`,
    ],
  ])("keeps what is finished, and goes on with others (%s)", async (name, source) => {
    let yieldsAt = 3;
    const { supervisor, committed } = await supervise(name, source, {
      batchSize: 20_000,
      onProgress: (_, __, inBlock) => {
        if (inBlock >= yieldsAt) supervisor.yield();
      },
    });
    const first = { start: 0, count: 20_000 };
    const second = { start: 20_000, count: 10 };
    const outcome = await supervisor.serve(async ({ compute }) => {
      await compute([first]);
      const finished = union(committed);
      expect(finished).toHaveLength(1);
      expect(finished[0]?.start).toBe(0);
      expect(countOf(finished)).toBeGreaterThanOrEqual(3);
      expect(countOf(finished)).toBeLessThan(first.count);
      // Nothing is in work: there is nothing to give up.
      supervisor.yield();
      yieldsAt = Number.POSITIVE_INFINITY;
      await compute([second]);
      expect(union(committed)).toEqual([...finished, second]);
    });
    expect(outcome).toBe("done");
  });
});

test("a parameter that ends its process after it was told to yield is found, and nothing else is given up", async () => {
  const { supervisor, committed } = await supervise(
    "hangs",
    "export function evaluate(parameter: number) { while (parameter === 25); return parameter; }",
    { timeoutMs: 300, store: { spool: spoolOf("hangs", 4) } },
  );
  const blocks = [0, 100, 200].map((start) => ({ start, count: 100 }));
  await supervisor.serve(async ({ compute }) => {
    const first = compute(blocks);
    setTimeout(() => supervisor.yield(), 100);
    await first;
  });
  expect(committed.flatMap(({ failures }) => failures)).toMatchObject([{ parameter: 25, kind: "timeout" }]);
  expect(union(committed)).toEqual([{ start: 0, count: 26 }]);
});

test("a process that ends while it has nothing to do makes no block suspect", async () => {
  const marker = join(directory, "has-ended");
  const { supervisor, committed } = await supervise(
    "ends-idle",
    // A block of one parameter is one that is run parameter by parameter.
    `import { existsSync, writeFileSync } from "node:fs";
     export function evaluateBlock(start: number, count: number, out: Float64Array) {
       if (count === 1) throw new Error("it is a suspect");
       out.fill(start);
       if (existsSync(${JSON.stringify(marker)})) return;
       writeFileSync(${JSON.stringify(marker)}, "");
       setTimeout(() => process.exit(3), 20);
     }`,
  );
  await supervisor.serve(async ({ compute }) => {
    await compute([{ start: 0, count: 100 }]);
    await new Promise((ended) => setTimeout(ended, 400));
    await compute([{ start: 100, count: 100 }]);
  });
  expect(committed.flatMap(({ failures }) => failures)).toEqual([]);
  expect(union(committed)).toEqual([{ start: 0, count: 200 }]);
});

/** An evaluation whose first process loads at once, and whose later ones load when the test says so. */
function loadingLater(name: string) {
  const [loads, go] = [join(directory, `${name}-loads`), join(directory, `${name}-go`)];
  return {
    source: `import { appendFileSync, existsSync, readFileSync } from "node:fs";
      appendFileSync(${JSON.stringify(loads)}, ".");
      const isFirst = readFileSync(${JSON.stringify(loads)}, "utf8").length === 1;
      while (!isFirst && !existsSync(${JSON.stringify(go)})) await new Promise((looked) => setTimeout(looked, 10));`,
    untilItLoadsAgain: async () => {
      while (readFileSync(loads, "utf8").length < 2) await wait(5);
    },
    go: () => writeFileSync(go, ""),
  };
}

test("a parameter that ends its process is found although the yield comes while another process loads", async () => {
  const { source, untilItLoadsAgain, go } = loadingLater("ends-early");
  const { supervisor, committed } = await supervise(
    "ends-early",
    `${source} export const evaluate = (parameter: number) => parameter === 25 ? process.exit(3) : parameter;`,
    { store: { spool: spoolOf("ends-early", 4) } },
  );
  const blocks = [0, 100, 200].map((start) => ({ start, count: 100 }));
  await supervisor.serve(async ({ compute }) => {
    const computed = compute(blocks);
    await untilItLoadsAgain();
    supervisor.yield();
    go();
    await computed;
  });
  expect(committed.flatMap(({ failures }) => failures)).toMatchObject([{ parameter: 25, kind: "exited" }]);
  expect(union(committed)).toEqual([{ start: 0, count: 26 }]);
});

test("a yield while a process loads in the place of one that ended without work gives everything up", async () => {
  const { source, untilItLoadsAgain, go } = loadingLater("ends-late");
  const { supervisor, committed } = await supervise(
    "ends-late",
    `${source}
     export function evaluate(parameter: number) {
       if (parameter === 99) setTimeout(() => process.exit(3), 20);
       return parameter;
     }`,
  );
  const [first, second] = [0, 100].map((start) => ({ start, count: 100 })) as [Range, Range];
  await supervisor.serve(async ({ compute }) => {
    await compute([first]);
    await wait(400);
    const given = compute([second]);
    await untilItLoadsAgain();
    supervisor.yield();
    go();
    await given;
    expect(union(committed)).toEqual([first]);
    await compute([second]);
  });
  expect(union(committed)).toEqual([{ start: 0, count: 200 }]);
});
