import type { Measurement } from "sweep-worker";
import { onThisMachine, type PlanInput } from "../../tools/plan/plan.ts";
import { describeMeasurement, describeThisMachine } from "../../tools/plan/report.ts";

const measurement: Measurement = {
  secondsPerParameter: 0.1,
  confidence: { least: 0.09, most: 0.11 },
  spread: { least: 0.1, most: 0.1 },
  topShare: 0.01,
  warmUpSeconds: 0,
  waitingShare: 0,
  busyShare: 0,
  slowestSeconds: 0.1,
  slowestIsExact: true,
  parameters: 100,
  evaluations: 100,
  blocks: 100,
  failed: 0,
  failedByKind: {},
  failures: [],
  elapsedSeconds: 10,
  unfinishedSeconds: undefined,
};
const inputOf = (changes: Partial<Measurement>, totalParameters = 1000): PlanInput => ({
  measurement: { ...measurement, ...changes },
  totalParameters,
  batchSize: 10,
  columns: ["value"],
  timeoutSeconds: 60,
  maxFailures: 1000,
  speed: 1,
});
/** Lines about what the measurement depends on. */
const dependenciesOf = (changes: Partial<Measurement>, total?: number) =>
  describeMeasurement("own", inputOf(changes, total))
    .split("\n")
    .filter((line) => line.startsWith("  "));

describe("the description of a measurement", () => {
  test("names few expensive blocks, but not if there are few blocks anyway, or no more parameters", () => {
    expect(dependenciesOf({})).toEqual([]);
    expect(dependenciesOf({ topShare: 0.5 })).toEqual([
      "  It depends on few parameters: 1 % of the blocks have 50 % of the cost. More --seconds find more of them",
    ]);
    expect(dependenciesOf({ topShare: 0.2, blocks: 5 })).toEqual([
      "  It depends on 5 blocks only: more --seconds measure more of them",
    ]);
    expect(dependenciesOf({ topShare: 0.5 }, 100)).toEqual([]);
    expect(dependenciesOf({ topShare: 0.5, blocks: 5 }, 100)).toEqual([]);
  });

  test("tells waiting from time of which only the clock knows", () => {
    expect(dependenciesOf({ waitingShare: 0.75 })).toEqual([
      "  75 % of it is waiting, and no CPU time: a busy or a faster machine changes little",
    ]);
    expect(dependenciesOf({ waitingShare: undefined, topShare: 0.5 })).toEqual([
      "  It is time by the clock: parameters in flight together, and those that end their process, have no CPU time of their own",
    ]);
    const warning = (waitingShare: number | undefined) =>
      describeMeasurement("own", inputOf({ waitingShare, busyShare: 0.5 }))
        .split("\n")
        .at(-1);
    expect(warning(0)).toBe(
      "Warning: this machine is busy, and a program gets 50 % of the CPU that it asks for. The time in the queue is left out above, but shared caches and cores are slower too, and a run here takes longer: measure on a quiet machine",
    );
    expect(warning(undefined)).toBe(
      "Warning: this machine is busy, and a program gets 50 % of the CPU that it asks for. The time in the queue is counted above: measure on a quiet machine",
    );
  });

  test("says in plain figures how many failed", () => {
    const failed = (count: number) =>
      describeMeasurement("own", inputOf({ failed: count, failedByKind: { threw: count } })).match(/^Failed: .*/m)?.[0];
    expect(failed(0)).toBe("Failed: none");
    expect(failed(1)).toBe("Failed: 1 % (threw 1)");
    expect(failed(100)).toBe("Failed: 100 % (threw 100)");
  });
});

describe("the time on this machine", () => {
  test("is that of the largest share: more workers than parameters do not help", () => {
    const seconds = (total: number, workers: number) => onThisMachine(inputOf({}, total), workers).seconds;
    expect(seconds(1000, 2)).toBeCloseTo(50, 9);
    expect(seconds(1, 2)).toBeCloseTo(0.1, 9);
    expect(seconds(3, 2)).toBeCloseTo(0.2, 9);
    expect(describeThisMachine(inputOf({}), 1)).toBe(
      "On this machine, sweep run with 1 worker: 1 min 40 s (1 min 30 s to 1 min 50 s)",
    );
  });
});
