import { environmentSchema, type ServedEnvironment } from "../../../worker/src/api/submission.ts";
import {
  type Column,
  columnSchema,
  type FailurePage,
  failurePageSchema,
  type HeatMap,
  heatMapSchema,
  type Sweep,
  type SweepList,
  sweepListSchema,
  sweepSchema,
  sweepSummarySchema,
  type Workers,
  workersSchema,
} from "../../../worker/src/api/sweeps.ts";

/*
 * Answers as the API gives them. Each goes through the API's own schema, so that the page is never tested with an answer that no server
 * sends.
 */

export const ago = (seconds: number) => new Date(Date.now() - 1_000 * seconds).toISOString();

export const cluster: ServedEnvironment = environmentSchema.parse({
  name: "prod",
  version: "0.1.0",
  resultsRoot: "s3://prod-results/runs",
  user: "ada@example.com",
  evaluations: ["collatz", "prime"],
  allowsCommands: false,
  sizes: [
    { size: "large", modes: ["queue", "job"], max: 50, hourlyUsd: 0.34 },
    { size: "gpu", modes: ["queue"], max: 5, hourlyUsd: null },
  ],
});

export const laptop: ServedEnvironment = environmentSchema.parse({
  ...cluster,
  name: null,
  resultsRoot: "results",
  user: null,
  evaluations: [],
  sizes: [],
});

/** A sweep of ten million parameters that is at 62 %. */
export const running: Sweep = sweepSchema.parse({
  name: "queue:collatz-daec0fe4",
  url: "s3://prod-results/runs/queue/collatz-daec0fe4",
  identity: {
    evaluation: "collatz",
    evaluationSha256: "daec0fe4".repeat(8),
    columns: ["steps", "peak"],
    total: 10_000_000,
    batchSize: 10_000,
    seed: 42,
  },
  state: "running",
  counts: { present: 6_199_963, failed: 37, isFailedExact: true, remaining: 3_800_000 },
  createdAt: ago(1_820),
  lastCommitAt: ago(2),
  ratePerSecond: 3_912.4,
  secondsLeft: 971,
  stop: null,
  submission: { submittedBy: "ada@example.com", at: ago(1_825), size: "large", mode: "queue" },
  costUsd: 1.284,
  throughput: {
    start: ago(1_600),
    stepSeconds: 16,
    parameters: Array.from({ length: 100 }, (_, step) =>
      Math.round(62_000 * Math.min(1, (step + 3) / 14) * (1 + 0.09 * Math.sin(step / 3) + 0.05 * Math.sin(step * 2.1))),
    ),
  },
  computingSeconds: 49_218,
  hasReceipt: false,
  hasParquet: false,
  canCancel: true,
  canResume: false,
});

/** The same in another state. */
export function sweepIn(state: Sweep["state"], change: Partial<Sweep> = {}): Sweep {
  const { total } = running.identity;
  const ended = { present: total - 37, failed: 37, isFailedExact: true, remaining: 0 };
  const isEnded = state === "complete" || state === "verified";
  return sweepSchema.parse({
    ...running,
    state,
    secondsLeft: null,
    ratePerSecond: 0,
    ...(isEnded ? { counts: ended, canCancel: false, createdAt: ago(90_000), lastCommitAt: ago(86_400) } : {}),
    ...(state === "verified" ? { hasReceipt: true, hasParquet: true } : {}),
    ...(state === "cancelled" || state === "failed" ? { canCancel: false, canResume: true } : {}),
    ...change,
  });
}

export const waiting = sweepIn("waiting", {
  name: "queue:prime-0a1b2c3d",
  identity: { ...running.identity, evaluation: "prime", columns: ["isPrime"] },
  counts: { present: 0, failed: 0, isFailedExact: true, remaining: running.identity.total },
  lastCommitAt: null,
  throughput: { start: null, stepSeconds: 0, parameters: [] },
  computingSeconds: 0,
  costUsd: 0,
});

/** A billion parameters in 100,000 blocks, of which a fifth have failures. */
export const large: Sweep = sweepIn("running", {
  name: "ttg:collatz-77777777",
  identity: { ...running.identity, total: 1_000_000_000 },
  counts: { present: 419_960_000, failed: 40_000, isFailedExact: false, remaining: 580_000_000 },
  secondsLeft: 148_000,
  ratePerSecond: 3_918.7,
  costUsd: 1_284.5,
  submission: null,
});

export function listOf(sweeps: readonly Sweep[], next: string | null = null): SweepList {
  const keys = Object.keys(sweepSummarySchema.shape);
  const summaryOf = (sweep: Sweep) => Object.fromEntries(Object.entries(sweep).filter(([key]) => keys.includes(key)));
  return sweepListSchema.parse({ sweeps: sweeps.map(summaryOf), next });
}

/** A map of a sweep whose blocks are done from the beginning of a few shares on, with failures at some places. */
export function heatMapOf({ identity: { total }, counts }: Sweep, cells: number): HeatMap {
  const cellSize = Math.ceil(total / cells);
  const used = Math.ceil(total / cellSize);
  const share = (counts.present + counts.failed) / total;
  const sizes = Array.from({ length: used }, (_, cell) => Math.min(cellSize, total - cell * cellSize));
  const done = sizes.map((size, cell) => {
    const inStretch = ((cell * 4) % used) / used;
    return inStretch < share - 0.01 ? size : inStretch < share ? Math.round(size / 2) : 0;
  });
  const isFailed = (cell: number) => counts.failed > 0 && (done[cell] ?? 0) > 0 && (cell * 7919) % 97 < 5;
  const count = sizes.filter((_, cell) => isFailed(cell)).length;
  return heatMapSchema.parse({
    total,
    cellSize,
    done,
    failed: sizes.map((_, cell) => (isFailed(cell) ? Math.max(1, Math.round(counts.failed / count)) : 0)),
    milliseconds: sizes.map((_, cell) =>
      (done[cell] ?? 0) === 0 ? null : 5 + 3 * Math.sin(cell / 40) + (cell % 7) / 5,
    ),
  });
}

export function failuresOf(sweep: Sweep, after: number, limit: number): FailurePage {
  const all = Array.from({ length: sweep.counts.failed }, (_, index) => 7 + 70_003 * index);
  const rest = all.filter((parameter) => parameter > after);
  const failures = rest.slice(0, limit).map((parameter) => ({
    parameter,
    kind: parameter % 2 === 0 ? "threw" : "timeout",
    error:
      parameter % 2 === 0
        ? `RangeError: the sequence of ${parameter} has no end below 1e15\n    at evaluate (collatz.mjs:12:11)`
        : "the evaluation took more than 30 s",
  }));
  return failurePageSchema.parse({ failures, next: rest.length > limit ? (failures.at(-1)?.parameter ?? null) : null });
}

export const workers: Workers = workersSchema.parse({
  source: "kubernetes",
  note: null,
  workers: [
    ...Array.from({ length: 11 }, (_, index) => ({
      name: `executor-large-6f9c7d5b4-r${index}`,
      state: "running",
      reason: null,
      since: ago(600 + index),
      node: `ip-10-0-${index}-17.eu-central-1.compute.internal`,
      size: "large",
    })),
    {
      name: "executor-large-6f9c7d5b4-x2k9p",
      state: "waiting",
      reason: "Unschedulable: 0/4 nodes are available: 4 Insufficient cpu. A new machine is on its way",
      since: ago(75),
      node: null,
      size: "large",
    },
    {
      name: "executor-large-6f9c7d5b4-z8w1q",
      state: "failed",
      reason: "Evicted: the node was low on resource: memory",
      since: ago(400),
      node: "ip-10-0-3-17.eu-central-1.compute.internal",
      size: "large",
    },
  ],
  total: 13,
});

export const noWorkers: Workers = workersSchema.parse({
  source: "none",
  note: "This server has no cluster: it shows results alone.",
  workers: [],
  total: 0,
});

export function columnOf(column: string, from: number, count: number): Column {
  const stretches = 64;
  return columnSchema.parse({
    column,
    sampled: Math.min(count, 640_000),
    histogram: {
      from: 0,
      to: 512,
      counts: Array.from({ length: 64 }, (_, bin) => Math.round(30_000 * Math.exp(-(((bin - 20) / 12) ** 2)))),
    },
    overParameter: Array.from({ length: stretches }, (_, index) => {
      const mean = 90 + 25 * Math.log10(2 + index) + 2 * Math.sin(index);
      const start = from + Math.floor((index * count) / stretches);
      return { start, count: Math.min(10_000, count), min: 1, mean, max: mean * 2.4 + (index % 5) * 9 };
    }),
  });
}
