import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Measurement } from "./measurement.ts";
import { runProgram } from "./programs.ts";
import { inThreeDigits, median } from "./statistics.ts";
import { evaluationPath, SWEEP, timeWorker } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/** Shapes of bench/evaluations/cost-shapes.ts, and whether they wait: their cost is then time by the clock, and not CPU time. */
const SHAPES = {
  constant: { waits: false },
  linear: { waits: false },
  quadratic: { waits: false },
  "Pareto 1.3": { waits: false },
  "first-slow": { waits: false },
  "async sleep": { waits: true },
  "rare-hard": { waits: false },
  "last 1 % x 100": { waits: false },
} as const;

/** Seconds of a sample: a third of what a run takes. */
const SAMPLE_SECONDS = 3;

/** One prediction and the run that it predicted, in seconds. */
interface Comparison {
  readonly shape: string;
  readonly predicted: number;
  readonly least: number;
  readonly most: number;
  readonly real: number;
}

/**
 * Compares the prediction of `sweep plan` with a run of one worker, for eight shapes of cost.
 *
 * The real cost is the CPU time of the evaluation's process where it computes, and where it waits the time by the clock without that
 * in the queue for a CPU: a busy machine then changes neither side much. Every round samples other parameters, because its seed is another.
 */
export async function measurePlan(workspace: Workspace): Promise<Measurement[]> {
  const { rounds, report } = workspace;
  const comparisons: Comparison[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const shape of Object.keys(SHAPES) as (keyof typeof SHAPES)[]) {
      report(`plan: round ${round} of ${rounds}, ${shape}`);
      comparisons.push(await compare(shape, round, workspace));
    }
  }
  const errors = comparisons.map(({ predicted, real }) => 100 * Math.abs(predicted / real - 1));
  const held = comparisons.filter(({ least, most, real }) => least <= real && real <= most);
  const missed = comparisons.filter((one) => !held.includes(one)).map(describe);
  return [
    ...Object.keys(SHAPES).map((shape) => rowOf(comparisons.filter((one) => one.shape === shape))),
    {
      name: "sweep plan: median error over all shapes",
      value: median(errors),
      unit: "%",
      limit: { atMost: 20 },
      detail: `${comparisons.length} predictions from ${SAMPLE_SECONDS} s each; the largest error is ${inThreeDigits(Math.max(...errors))} %`,
    },
    {
      name: "sweep plan: runs within the interval",
      value: (100 * held.length) / comparisons.length,
      unit: "%",
      limit: { atLeast: 85 },
      detail: missed.length === 0 ? "all" : `outside: ${missed.join("; ")}`,
    },
  ];
}

function rowOf(comparisons: readonly Comparison[]): Measurement {
  return {
    name: `sweep plan, ${comparisons[0]?.shape}: predicted against real`,
    value: median(comparisons.map(({ predicted, real }) => predicted / real)),
    unit: "x",
    detail: comparisons.map(describe).join("; "),
  };
}

function describe({ shape, predicted, least, most, real }: Comparison): string {
  return `${shape} ${inThreeDigits(predicted)} s (${inThreeDigits(least)} to ${inThreeDigits(most)}), really ${inThreeDigits(real)} s`;
}

async function compare(shape: keyof typeof SHAPES, seed: number, { scaled, newPath, remove }: Workspace) {
  const { waits } = SHAPES[shape];
  const total = scaled(waits ? 4_000 : 40_000);
  const variables = { BENCH_SHAPE: shape, BENCH_TOTAL: String(total), SEED: String(seed) };
  const { output } = await runProgram(
    process.execPath,
    [SWEEP, "plan", evaluationPath("cost-shapes"), "--json", "--seed", String(seed), "--total", String(total)].concat(
      "--seconds",
      String(scaled(SAMPLE_SECONDS)),
    ),
    variables,
  );
  const { secondsPerParameter, confidence, warmUpSeconds } = JSON.parse(output).measurement;
  const ofRun = (perParameter: number) => warmUpSeconds + total * perParameter;
  const results = newPath();
  const timesFile = join(results, "..", "times.json");
  const { computing } = await timeWorker({
    evaluation: "cost-shapes",
    total,
    results,
    variables: { ...variables, BENCH_TIMES_FILE: timesFile },
  });
  const { cpuSeconds, queuedSeconds } = JSON.parse(readFileSync(timesFile, "utf8"));
  const real = waits ? computing / 1000 - queuedSeconds : cpuSeconds;
  remove(results);
  return {
    shape,
    predicted: ofRun(secondsPerParameter),
    least: ofRun(confidence.least),
    most: ofRun(confidence.most),
    real,
  };
}
