import { describeSeconds, formatCount } from "sweep-worker/contract";
import type { EnvironmentFacts, JobFacts } from "../cost/environment.ts";
import { HYPERTHREAD_GAIN } from "../cost/machines.ts";
import { dollars, showDollars } from "../cost/money.ts";
import { resultBytes } from "../cost/sweep.ts";
import { table } from "../support/table.ts";
import type { Plan, PlanInput, Scenario } from "./plan.ts";
import type { JobChanges } from "./settings.ts";

/** The measurement, for people. */
export function describeMeasurement(name: string, input: PlanInput): string {
  const { measurement, totalParameters, columns } = input;
  const { secondsPerParameter: mean, confidence, spread } = measurement;
  const error = Math.round((100 * (confidence.most - mean)) / mean);
  const parameters = `${formatCount(measurement.parameters)} of ${formatCount(totalParameters)} parameters`;
  const again = measurement.evaluations > measurement.parameters ? ", some more than once" : "";
  const lines = [
    `${name}: ${parameters} evaluated in ${describeSeconds(measurement.elapsedSeconds)}${again}, in ${formatCount(measurement.blocks)} blocks from the whole range`,
    `A parameter takes ${describeSeconds(mean)} of one core here, give or take ${error} %; in the cheapest tenth of the blocks ${describeSeconds(spread.least)}, in the most expensive ${describeSeconds(spread.most)}`,
    `Slowest parameter: ${measurement.slowestIsExact ? "" : "no more than "}${describeSeconds(measurement.slowestSeconds)}${measurement.unfinishedSeconds === undefined ? "" : ", or longer: one was not finished"}`,
    `Failed: ${describeFailures(input)}`,
    `Results: ${columns.join(", ")}, ${describeBytes(resultBytes(totalParameters, columns.length))} in all`,
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
      : `\n  that would be ${formatCount(inAll)} in the whole sweep: a worker gives up after ${formatCount(maxFailures)} (maxFailures)`;
  return `${((100 * failed) / parameters).toPrecision(2)} % (${kinds.join(", ")})${examples.join("")}${limit}`;
}

/** The time of the whole sweep on this machine. */
export function describeThisMachine({ measurement, totalParameters }: PlanInput, cores: number): string {
  const time = describeSeconds((totalParameters * measurement.secondsPerParameter) / cores);
  return `On this machine, sweep run with ${cores === 1 ? "1 worker" : `${cores} workers`}: ${time}`;
}

/** The scenarios with their assumptions, and the recommendation with the lines to paste. */
export function describePlan(
  plan: Plan,
  input: PlanInput,
  environment: EnvironmentFacts,
  job: JobFacts,
  changes: JobChanges,
): string {
  const { node, scenarios, recommendation } = plan;
  const { start, idle } = environment.timeline;
  const rows = table([`on ${node.name}`, "nodes", "pods", "time", "spot", "on demand"], [1, 2, 3, 4, 5]);
  rows.push(...scenarios.map(row));
  const { reasons } = recommendation;
  return [
    `${environment.name}, pool ${node.name}: ${node.instanceTypes[0]}, ${node.minimumNodes} to ${node.maximumNodes} nodes, prices of ${environment.pricesOf} in ${environment.region}`,
    rows.toString(),
    `The time counts from the submission: ${start} s until a new machine computes, then the parameters. The ${idle / 60} idle minutes afterwards are billed too.`,
    `Assumed: a core of ${node.instanceTypes[0]} is ${input.speed === 1 ? "as fast as" : `${input.speed} times as fast as`} one of this machine (--speed); 2 vCPUs are hyperthreads of 1 core, and the second adds ${100 * HYPERTHREAD_GAIN} %; spot prices change by the hour.`,
    ...measuredFor(node.room.gpus),
    "",
    `Recommended for ${job.name}:`,
    `  nodes      ${recommendation.nodes}: ${reasons.nodes}`,
    `  pods       ${reasons.pod}`,
    `  batchSize  ${formatCount(recommendation.batchSize)}: ${reasons.batchSize}`,
    `  timeout    ${reasons.timeout}`,
    "",
    "In environments.ts (another batchSize is another run, which starts from the beginning):",
    ...changes.settings.map((line) => `  ${line}`),
    ...changes.notes,
  ].join("\n");
}

function measuredFor(gpus: number): string[] {
  return gpus === 0 ? [] : ["The pool has GPUs, but this machine was measured, and no GPU of that pool. Give --speed."];
}

function row({ label, prediction, onDemandUsd, spotUsd, beyondMaximum }: Scenario): string[] {
  const { nodes, pods, wallSeconds } = prediction;
  return [
    beyondMaximum === undefined ? label : `${label} (the pool allows ${beyondMaximum})`,
    String(nodes),
    formatCount(pods),
    describeSeconds(wallSeconds),
    showDollars(spotUsd),
    showDollars(dollars(onDemandUsd)),
  ];
}

function describeBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
