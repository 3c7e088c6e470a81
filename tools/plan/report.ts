import { describeSeconds, formatCount } from "sweep-worker/contract";
import type { EnvironmentFacts, JobFacts } from "./environment.ts";
import { HYPERTHREAD_GAIN } from "./machines.ts";
import type { Plan, PlanInput, Scenario } from "./plan.ts";
import { seconds } from "./recommendation.ts";
import type { JobChanges } from "./settings.ts";

/** What was measured. */
export function describeMeasurement(name: string, input: PlanInput): string {
  const { measurement, totalParameters, columns } = input;
  const { secondsPerParameter: mean, confidence, spread } = measurement;
  const bytes = totalParameters * columns.length * 8;
  const error = Math.round((100 * (confidence.most - mean)) / mean);
  const parameters = `${formatCount(measurement.parameters)} of ${formatCount(totalParameters)} parameters`;
  const again = measurement.evaluations > measurement.parameters ? ", some more than once" : "";
  const lines = [
    `${name}: ${parameters} evaluated in ${measurement.elapsedSeconds.toFixed(1)} s${again}, in ${formatCount(measurement.blocks)} blocks all over the range`,
    `A parameter takes ${duration(mean)} of one core here, give or take ${error} %; the cheapest tenth of the blocks ${duration(spread.least)}, the most expensive ${duration(spread.most)}`,
    `Slowest parameter: ${measurement.slowestIsExact ? "" : "no more than "}${seconds(measurement.slowestSeconds)}${measurement.unfinishedSeconds === undefined ? "" : ", or longer: one was not finished"}`,
    `Failed: ${describeFailures(input)}`,
    `Results: ${columns.join(", ")}, ${describeBytes(bytes)} in all`,
  ];
  return lines.join("\n");
}

function describeFailures({ measurement, totalParameters, maxFailures }: PlanInput): string {
  const { failed, parameters, failedByKind, failures } = measurement;
  if (failed === 0) return "none";
  const inAll = Math.round((failed / parameters) * totalParameters);
  const kinds = Object.entries(failedByKind).map(([kind, count]) => `${kind} ${formatCount(count)}`);
  const examples = failures.map(({ parameter, error }) => `\n  parameter ${parameter}: ${error}`);
  const limit =
    inAll <= maxFailures
      ? ""
      : `\n  that would be ${formatCount(inAll)} of all: a worker gives up after ${formatCount(maxFailures)} (MAX_FAILURES)`;
  return `${((100 * failed) / parameters).toPrecision(2)} % (${kinds.join(", ")})${examples.join("")}${limit}`;
}

/** The whole work on this machine. */
export function describeThisMachine({ measurement, totalParameters }: PlanInput, cores: number): string {
  const time = describeSeconds((totalParameters * measurement.secondsPerParameter) / cores);
  return `On this machine, sweep run with ${cores === 1 ? "1 worker" : `${cores} workers`}: ${time}`;
}

/** The scenarios, what is assumed in them, and the recommendation with the lines to paste. */
export function describePlan(
  plan: Plan,
  input: PlanInput,
  environment: EnvironmentFacts,
  job: JobFacts,
  changes: JobChanges,
): string {
  const { node, scenarios, recommendation } = plan;
  const { start, idle } = environment.timeline;
  const rows = [[`on ${node.name}`, "nodes", "pods", "time", "spot", "on demand"], ...scenarios.map(row)];
  const { reasons } = recommendation;
  return [
    `${environment.name}, pool ${node.name}: ${node.instanceTypes[0]}, ${node.minimumNodes} to ${node.maximumNodes} nodes, prices of ${environment.pricesOf} in ${environment.region}`,
    columnsOf(rows),
    "",
    `Time is from the submission: ${start} s until a new machine computes, then the parameters. Paid is also what follows: ${idle / 60} idle minutes.`,
    `Assumed: a core of ${node.instanceTypes[0]} is ${input.speed === 1 ? "as fast as" : `${input.speed} times as fast as`} one of this machine (--speed); 2 vCPUs are hyperthreads of 1 core, and the second adds ${100 * HYPERTHREAD_GAIN} %; spot prices change by the hour.`,
    ...measuredFor(node.room.gpus),
    "",
    `Recommended for ${job.name}:`,
    `  nodes      ${recommendation.nodes}: ${reasons.nodes}`,
    `  pods       ${reasons.pod}`,
    `  batchSize  ${formatCount(recommendation.batchSize)}: ${reasons.batchSize}`,
    `  timeout    ${reasons.timeout}`,
    "",
    "In environments.ts (another batchSize is another run, and computes everything anew):",
    ...changes.settings.map((line) => `  ${line}`),
    ...changes.notes,
  ].join("\n");
}

function measuredFor(gpus: number): string[] {
  return gpus === 0
    ? []
    : ["The pool has GPUs: what was measured is this machine, not a GPU of that pool. Give --speed."];
}

function row({ label, prediction, onDemandUsd, spotUsd, beyondMaximum }: Scenario): string[] {
  const { nodes, pods, wallSeconds } = prediction;
  const note = beyondMaximum === undefined ? "" : `  (the pool allows ${beyondMaximum})`;
  return [
    label,
    String(nodes),
    formatCount(pods),
    describeSeconds(wallSeconds),
    `${usd(spotUsd.least)} to ${usd(spotUsd.most)}`,
    usd(onDemandUsd) + note,
  ];
}

/** Columns of equal width; the first is text, and the last may be of any length. */
function columnsOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) =>
      column === cells.length - 1
        ? cell
        : column === 0
          ? cell.padEnd(widths[0] ?? 0)
          : cell.padStart(widths[column] ?? 0),
    );
  return rows.map((cells) => `  ${line(cells).join("   ")}`).join("\n");
}

function usd(amount: number): string {
  if (amount < 0.01) return "under $0.01";
  return amount < 10 ? `$${amount.toFixed(2)}` : `$${formatCount(Math.round(amount))}`;
}

/** `1,790 ns`, `12 ms`, `3.2 s`. */
function duration(value: number): string {
  const nanoseconds = value * 1e9;
  if (nanoseconds < 1e5) return `${formatCount(Number(nanoseconds.toPrecision(3)))} ns`;
  return value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
}

function describeBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
