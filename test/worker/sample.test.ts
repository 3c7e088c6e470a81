import { spawn } from "node:child_process";
import { once } from "node:events";
import { ProcessClock } from "../../worker/src/evaluation/process-clock.ts";
import { costModel } from "../../worker/src/sampling/block-cost.ts";
import { estimate } from "../../worker/src/sampling/estimate.ts";
import { measure, type Observation } from "../../worker/src/sampling/measurement.ts";
import { type SampleBlock, SampleBlocks, type SamplePhase } from "../../worker/src/sampling/sample-blocks.ts";
import type { ComputingTime } from "../../worker/src/stores/store.ts";
import { COST_SHAPES, judge, simulateSamples } from "../support/simulated-sample.ts";

const computed = (seconds: number): ComputingTime => ({
  wallSeconds: seconds,
  cpuSeconds: seconds,
  queuedSeconds: 0,
});

describe("the blocks of a sample", () => {
  /** The first `count` blocks of a sample of `seconds`, if a parameter costs `cost` and the first one `first`. */
  const blocksOf = (total: number, count: number, { seed = 1, cost = 1, first = 1, seconds = 10 } = {}) => {
    const sample = new SampleBlocks(total, seed);
    const blocks: SampleBlock[] = [];
    let elapsed = 0;
    for (const block of sample.until(() => elapsed, seconds)) {
      blocks.push(block);
      const took = block.phase === "first" ? first : cost * block.count;
      sample.follow(block, took);
      elapsed += took;
      if (blocks.length === count) break;
    }
    return blocks;
  };
  const mainOf = (...args: Parameters<typeof blocksOf>) => blocksOf(...args).filter(({ phase }) => phase === "main");
  const WARM_UP = 2;

  test("fall into as many parts of the range as there are blocks, whenever the sample ends", () => {
    for (const count of [1, 2, 8, 64, 1024]) {
      const parts = mainOf(2 ** 20, WARM_UP + count).map(({ start }) => Math.floor((start * count) / 2 ** 20));
      expect(new Set(parts).size).toBe(count);
    }
  });

  test("come all before one comes again, in another order", () => {
    const blocks = mainOf(1000, WARM_UP + 2000).map(({ start }) => start);
    expect(new Set(blocks.slice(0, 1000)).size).toBe(1000);
    expect(new Set(blocks.slice(1000)).size).toBe(1000);
    expect(blocks.slice(0, 1000)).not.toEqual(blocks.slice(1000));
  });

  test("are the same for the same seed, and different for another", () => {
    expect(blocksOf(6400, 10)).toEqual(blocksOf(6400, 10));
    expect(blocksOf(6400, 10)).not.toEqual(blocksOf(6400, 10, { seed: 2 }));
  });

  test("grow until one takes two milliseconds, have that size then, and never leave the range", () => {
    const blocks = blocksOf(1_000_000, 20_000, { cost: 1e-5, first: 1e-5 });
    expect(Math.max(...blocks.map(({ start, count }) => start + count))).toBeLessThanOrEqual(1_000_000);
    expect(blocks.slice(0, 6).map(({ count }) => count)).toEqual([1, 1, 4, 16, 64, 200]);
    const main = blocks.filter(({ phase }) => phase === "main");
    expect(new Set(main.map(({ count }) => count))).toEqual(new Set([200]));
  });

  test("stay small where the range is, so that all its parts are seen", () => {
    expect(mainOf(512, 3000, { cost: 1e-6, first: 1e-6, seconds: 1e-3 }).every(({ count }) => count === 2)).toBe(true);
  });

  test("of fewer parameters than parts are the parameters", () => {
    expect(
      mainOf(3, WARM_UP + 3)
        .map(({ start }) => start)
        .sort(),
    ).toEqual([0, 1, 2]);
  });

  test("have the first parameter again if it was slow, and only then", () => {
    const phases = (first: number) => blocksOf(1000, 4, { first }).map(({ phase }) => phase);
    expect(phases(2)).toEqual(["first", "warm-up", "main", "main"]);
    expect(phases(5)).toEqual(["first", "warm-up", "first-again", "main"]);
    const [first, , again] = blocksOf(1000, 4, { first: 5 });
    expect(again?.start).toBe(first?.start);
  });

  test("are sent ahead only in the main part, as many as take a hundredth of a second, and never all", () => {
    const aheadAt = (total: number, cost: number, inFlight = 1) => {
      const sample = new SampleBlocks(total, 1);
      sample.keepInFlight(inFlight);
      const ahead: number[] = [];
      let elapsed = 0;
      for (const block of sample.until(() => elapsed, 1)) {
        ahead.push(sample.ahead);
        sample.follow(block, cost * block.count);
        elapsed += cost * block.count;
        if (block.phase === "main") break;
      }
      return [Math.max(...ahead.slice(0, -1)), ahead.at(-1)];
    };
    expect(aheadAt(1_000_000, 1e-3)).toEqual([1, 10]);
    expect(aheadAt(1_000_000, 1)).toEqual([1, 1]);
    expect(aheadAt(6, 1e-3)).toEqual([1, 3]);
    expect(aheadAt(1_000_000, 1, 512)).toEqual([1, 512]);
  });
});

describe("the cost of a block", () => {
  const cost = (time: ComputingTime, busyShare = 0) => costModel([time], busyShare)(time);

  test("is its time without that in the queue for a CPU, whether it computes or waits", () => {
    expect(cost({ wallSeconds: 10, cpuSeconds: 1, queuedSeconds: 9 })).toBe(1);
    expect(cost({ wallSeconds: 10, cpuSeconds: 1, queuedSeconds: 0 })).toBe(10);
    expect(cost({ wallSeconds: 10, cpuSeconds: 1, queuedSeconds: 4 })).toBe(6);
  });

  test("is at least the CPU time, if several processes were in the queue", () => {
    expect(cost({ wallSeconds: 10, cpuSeconds: 6, queuedSeconds: 20 })).toBe(6);
  });

  test("is the CPU time of all threads if the evaluation has several, but not that of V8's helpers", () => {
    expect(cost({ wallSeconds: 10, cpuSeconds: 38, queuedSeconds: 0 })).toBe(38);
    expect(cost({ wallSeconds: 10, cpuSeconds: 12, queuedSeconds: 0 })).toBe(10);
  });

  test("where the system does not tell the queue, has the same share of it as a loop that only computes", () => {
    const unknown = { queuedSeconds: undefined };
    expect(cost({ wallSeconds: 10, cpuSeconds: 2.5, ...unknown }, 0.75)).toBeCloseTo(2.5, 9);
    expect(cost({ wallSeconds: 10, cpuSeconds: 2.5, ...unknown }, 0)).toBe(10);
    expect(cost({ wallSeconds: 10, cpuSeconds: 0.01, ...unknown }, 0.75)).toBeCloseTo(9.97, 9);
  });
});

describe("the clock of a process", () => {
  const isLinux = process.platform === "linux";

  test("counts computing as CPU time, and waiting as none", async () => {
    const stop = new ProcessClock().start();
    const before = process.cpuUsage().user;
    while (process.cpuUsage().user - before < 30_000);
    const busy = stop();
    expect(busy.cpuSeconds).toBeGreaterThanOrEqual(0.03);
    expect(busy.wallSeconds).toBeGreaterThan(0);
    const stopIdle = new ProcessClock().start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const idle = stopIdle();
    expect(idle.wallSeconds).toBeGreaterThanOrEqual(0.099);
    expect(idle.cpuSeconds).toBeLessThan(idle.wallSeconds);
  });

  (isLinux ? test : test.skip)("counts the CPU time of programs below it", async () => {
    const clock = new ProcessClock();
    const stop = clock.start();
    const own = process.cpuUsage();
    const program = spawn(process.execPath, [
      "-e",
      "while (process.cpuUsage().user < 2e5); console.log('done'); setInterval(() => {}, 1000);",
    ]);
    await once(program.stdout, "data");
    const { cpuSeconds } = stop();
    const { user, system } = process.cpuUsage(own);
    program.kill("SIGKILL");
    await once(program, "close");
    expect(cpuSeconds - (user + system) / 1e6).toBeGreaterThan(0.1);
  });
});

describe("an estimate", () => {
  const blocks = (costs: readonly number[], every = 1000) =>
    costs.map((seconds, index) => ({ start: index * every, count: 1, seconds }));

  test("is the pooled mean, seconds by parameters", () => {
    const measured = [
      { start: 0, count: 1, seconds: 1 },
      { start: 10, count: 9, seconds: 4 },
    ];
    expect(estimate(measured, 1e6).mean).toBe(0.5);
  });

  test("by hand: a single expensive block among many is gamma distributed with shape 1", () => {
    // One of 1,001 weights is exponential with mean 1/1,001: 3.69/1,001 above at the 97.5th percentile, plus the block beyond it.
    const { mean, most } = estimate(blocks([...Array(999).fill(0), 1000]), 1e9);
    expect(mean).toBe(1);
    expect(most).toBeGreaterThan(3.69);
    expect(most).toBeLessThan(20);
  });

  test("of a ramp is more certain than that of the same costs without order", () => {
    const ramp = Array.from({ length: 100 }, (_, index) => index);
    const mixed = ramp.map((index) => (index * 37) % 100);
    const width = (costs: readonly number[]) => {
      const { least, most } = estimate(blocks(costs), 1e9);
      return most - least;
    };
    expect(width(ramp)).toBeLessThan(0.8 * width(mixed));
  });

  test("of few blocks is uncertain, even if they are alike; of the whole range it is not", () => {
    const few = estimate(blocks([1, 1, 1]), 1e9);
    expect(few.most).toBeGreaterThan(2);
    expect(few.least).toBeLessThan(0.5);
    const all = estimate(blocks([1, 2, 3], 1), 3);
    expect(all.least).toBeCloseTo(0.9 * 2, 9);
    expect(all.most).toBeCloseTo(1.1 * 2, 9);
  });

  test("takes a block that was measured twice once, with its mean", () => {
    const twice = [...blocks([1, 5]), ...blocks([3])];
    expect(estimate(twice, 1e6)).toEqual(estimate(blocks([2, 5]), 1e6));
  });

  // All eight shapes, with thousands of samples: sample-coverage.long.test.ts.
  test.each(["Pareto 1.3", "rare-hard", "last 1 % x 100"])(
    "holds the truth for most of thirty samples of %s",
    (name) => {
      const shape = COST_SHAPES[name];
      if (shape === undefined) throw new Error(`there is no shape ${name}`);
      const samples = [0, 1, 2].flatMap((population) =>
        simulateSamples(shape, { population, samples: 10, seconds: 1, busy: 0 }),
      );
      const { coverage, medianError } = judge(samples);
      expect(coverage).toBeGreaterThanOrEqual(0.85);
      expect(medianError).toBeLessThanOrEqual(0.2);
    },
  );
});

describe("the measurement of a sample", () => {
  const observed = (costs: readonly number[], phase: SamplePhase = "main", from = 0): Observation[] =>
    costs.map((cost, index) => ({ start: 10 * (from + index), count: 10, phase, time: computed(10 * cost) }));
  const raw = {
    totalParameters: 1e6,
    failures: [],
    evaluated: [{ start: 0, count: 40 }],
    elapsedSeconds: 100,
    unfinished: undefined,
    busyShare: 0,
  };

  test("is the estimate of its blocks", () => {
    const observations = observed([1, 2, 3, 4]);
    const { mean, least, most } = estimate(
      observations.map(({ start, count, time }) => ({ start, count, seconds: time.wallSeconds })),
      1e6,
    );
    expect(measure({ ...raw, observations })).toMatchObject({
      secondsPerParameter: mean,
      confidence: { least, most },
      blocks: 4,
      waitingShare: 0,
    });
  });

  test("counts a parameter once, however often it was evaluated and failed", () => {
    const failures = [3, 3, 5].map((parameter) => ({ parameter, kind: "threw" as const, error: "bad" }));
    expect(measure({ ...raw, failures, observations: observed([1, 2, 3, 4, 5]) })).toMatchObject({
      parameters: 40,
      evaluations: 50,
      failed: 2,
      failedByKind: { threw: 2 },
    });
  });

  test("leaves out the warm-up if enough blocks are left, and the first evaluation always", () => {
    const cold = [...observed([1000], "first"), ...observed(Array(10).fill(50), "warm-up", 1)];
    const main = observed(Array(20).fill(1), "main", 20);
    expect(measure({ ...raw, observations: [...cold, ...main] }).secondsPerParameter).toBe(1);
    const { secondsPerParameter } = measure({ ...raw, observations: [...cold, ...main.slice(1)] });
    expect(secondsPerParameter).toBeCloseTo((10 * 50 + 19) / 29, 9);
    expect(measure({ ...raw, observations: cold.slice(0, 1) }).secondsPerParameter).toBe(1000);
  });

  test("has the price of the first evaluation: what the same parameter took less at the second time", () => {
    const first = observed([1000], "first");
    const main = observed(Array(20).fill(1), "main", 20);
    const warmUp = (again: number) =>
      measure({ ...raw, observations: [...first, ...observed([again], "first-again"), ...main] }).warmUpSeconds;
    expect(warmUp(1)).toBeCloseTo(9990, 6);
    // An expensive parameter is no warm-up.
    expect(warmUp(1000)).toBe(0);
    expect(measure({ ...raw, observations: [...first, ...main] }).warmUpSeconds).toBe(0);
  });

  test("says how much of the cost is waiting, and how much the most expensive blocks have", () => {
    const waiting = observed(Array(99).fill(1)).map((block) => ({
      ...block,
      time: { ...block.time, cpuSeconds: 2.5 },
    }));
    const observations = [...waiting, ...observed([99], "main", 99)];
    const { waitingShare, topShare } = measure({ ...raw, observations });
    expect(topShare).toBeCloseTo(0.5, 9);
    expect(waitingShare).toBeCloseTo((99 * 0.75) / 198, 9);
  });

  test("does not take time by the clock for waiting", () => {
    const byClock = observed([1, 1, 1], "main", 3).map((block) => ({
      ...block,
      time: { ...block.time, cpuSeconds: 0 },
      isByClock: true,
    }));
    expect(measure({ ...raw, observations: byClock }).waitingShare).toBeUndefined();
    expect(measure({ ...raw, observations: [...observed([1, 1]), ...byClock] }).waitingShare).toBe(0);
  });

  test("has the slowest block of the warm-up too, but not the first evaluation", () => {
    const observations = [
      ...observed([1000], "first"),
      ...observed([5, 7], "warm-up", 1),
      ...observed(Array(20).fill(1), "main", 20),
    ];
    expect(measure({ ...raw, observations })).toMatchObject({ slowestSeconds: 70, slowestIsExact: false });
  });

  test("counts an unfinished parameter if it is more expensive already than the others are", () => {
    const observations = observed([1, 1]).map((block) => ({ ...block, count: 1 }));
    expect(measure({ ...raw, observations })).toMatchObject({ slowestSeconds: 10, slowestIsExact: true });
    const unfinished = (seconds: number) => ({
      start: 500,
      count: 1,
      phase: "main" as const,
      time: { wallSeconds: seconds, cpuSeconds: 0, queuedSeconds: 0 },
    });
    expect(measure({ ...raw, observations, unfinished: unfinished(40) })).toMatchObject({
      secondsPerParameter: 20,
      slowestSeconds: 40,
      unfinishedSeconds: 40,
    });
    expect(measure({ ...raw, observations, unfinished: unfinished(1) })).toMatchObject({
      secondsPerParameter: 10,
      slowestSeconds: 10,
    });
  });
});
