import type { Measurement } from "sweep-worker";
import { countNoun, describeSeconds, formatCount } from "sweep-worker/contract";
import type { EnvironmentFacts, JobFacts } from "../cost/environment.ts";
import { HYPERTHREAD_GAIN, type NodePoolFacts } from "../cost/machines.ts";
import { dollars, showDollars } from "../cost/money.ts";
import { describeMachines } from "../cost/report.ts";
import { resultBytes } from "../cost/sweep.ts";
import { table } from "../support/table.ts";
import { onThisMachine, type Plan, type PlanInput, type Scenario } from "./plan.ts";
import type { JobChanges } from "./settings.ts";

/** The most expensive hundredth of the blocks is worth a line if it has more of the cost. */
const TOP_SHARE = 0.1;
/** Fewer blocks are worth a line. */
const FEW_BLOCKS = 20;
/** A slow first evaluation is worth a line. */
const WARM_UP_SECONDS = 0.1;
/** Waiting is worth a line if it is more of the cost. */
const WAITING_SHARE = 0.1;
/** A machine is busy if other programs take more of the CPU: the measurement then differs by more than a quiet machine's does. */
const BUSY_SHARE = 0.15;

/** The measurement, for people. */
export function describeMeasurement(name: string, input: PlanInput): string {
  const { measurement, totalParameters, columns } = input;
  const { secondsPerParameter: mean, confidence, spread } = measurement;
  const parameters = `${formatCount(measurement.parameters)} of ${countNoun(totalParameters, "parameter")}`;
  const again = measurement.evaluations > measurement.parameters ? ", some more than once" : "";
  const lines = [
    `${name}: ${parameters} evaluated in ${describeSeconds(measurement.elapsedSeconds)}${again}, in ${countNoun(measurement.blocks, "block")} from the whole range`,
    `A parameter takes ${describeSeconds(mean)} of one core here, and nine of ten runs ${between(confidence)}; in the cheapest tenth of the blocks up to ${describeSeconds(spread.least)}, in the most expensive from ${describeSeconds(spread.most)}`,
    ...dependencies(measurement, totalParameters),
    `Slowest parameter: ${measurement.slowestIsExact ? "" : "no more than "}${describeSeconds(measurement.slowestSeconds)}${measurement.unfinishedSeconds === undefined ? "" : ", or longer: one was not finished"}`,
    `Failed: ${describeFailures(input)}`,
    `Results: ${columns.join(", ")}, ${describeBytes(resultBytes(totalParameters, columns.length))} in all`,
  ];
  return [...lines, ...warnings(measurement)].join("\n");
}

/** `0.9 s to 1.4 s`. */
function between({ least, most }: { readonly least: number; readonly most: number }): string {
  return `${describeSeconds(least)} to ${describeSeconds(most)}`;
}

/** Properties of the evaluation that the prediction depends on, where they matter. */
function dependencies(measurement: Measurement, totalParameters: number): string[] {
  const { parameters, topShare, blocks, waitingShare, warmUpSeconds } = measurement;
  const lines: string[] = [];
  if (parameters < totalParameters) {
    // Of a few blocks, a hundredth is more than that, and one that several parameters in flight share has no cost of its own.
    if (blocks < FEW_BLOCKS)
      lines.push(`  It depends on ${countNoun(blocks, "block")} only: more --seconds measure more of them`);
    else if (topShare > TOP_SHARE && waitingShare !== undefined)
      lines.push(
        `  It depends on few parameters: 1 % of the blocks have ${percent(topShare)} of the cost. More --seconds find more of them`,
      );
  }
  if (waitingShare === undefined)
    lines.push(
      "  It is time by the clock: parameters in flight together, and those that end their process, have no CPU time of their own",
    );
  else if (waitingShare > WAITING_SHARE)
    lines.push(
      `  ${percent(waitingShare)} of it is waiting, and no CPU time: a busy or a faster machine changes little`,
    );
  if (warmUpSeconds > WARM_UP_SECONDS)
    lines.push(`  The first one of each worker takes ${describeSeconds(warmUpSeconds)} more`);
  return lines;
}

function warnings({ busyShare, waitingShare }: Measurement): string[] {
  if (busyShare <= BUSY_SHARE) return [];
  const effect =
    waitingShare === undefined
      ? "The time in the queue is counted above"
      : "The time in the queue is left out above, but shared caches and cores are slower too, and a run here takes longer";
  return [
    `Warning: this machine is busy, and a program gets ${percent(1 - busyShare)} of the CPU that it asks for. ${effect}: measure on a quiet machine`,
  ];
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
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
  return `${Number(((100 * failed) / parameters).toPrecision(2))} % (${kinds.join(", ")})${examples.join("")}${limit}`;
}

/** The time of the whole sweep on this machine. */
export function describeThisMachine(input: PlanInput, cores: number): string {
  const { seconds, least, most } = onThisMachine(input, cores);
  return `On this machine, sweep run with ${countNoun(cores, "worker")}: ${describeSeconds(seconds)} (${between({ least, most })})`;
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
    `${job.name} as it is: ${describeMachines(job.machines)}`,
    `The time counts from the submission: ${start} s until a new machine computes, then the parameters. The ${describeSeconds(idle)} until the idle machine is returned are billed too.`,
    `Assumed: a core of ${node.instanceTypes[0]} is ${input.speed === 1 ? "as fast as" : `${input.speed} times as fast as`} one of this machine (--speed); ${coresAssumed(node)}; spot prices change by the hour.`,
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

function coresAssumed({ cores, vCpus }: NodePoolFacts): string {
  if (cores === vCpus) return "each vCPU is a core";
  return `2 vCPUs are hyperthreads of 1 core, and the second adds ${100 * HYPERTHREAD_GAIN} %`;
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
