import { estimate } from "../../worker/src/sampling/estimate.ts";
import { measure, type Observation } from "../../worker/src/sampling/measurement.ts";
import type { SamplePhase } from "../../worker/src/sampling/sample-blocks.ts";
import type { ComputingTime } from "../../worker/src/stores/store.ts";

const computed = (seconds: number): ComputingTime => ({
  wallSeconds: seconds,
  cpuSeconds: seconds,
  queuedSeconds: 0,
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
