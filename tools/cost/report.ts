import { describeSeconds, formatCount } from "sweep-worker/contract";
import type { MachinesRemark } from "../../constructs/workload/job-machines.ts";
import { table } from "../support/table.ts";
import type { EnvironmentCost } from "./environment-cost.ts";
import type { Example } from "./example.ts";
import type { Room } from "./keda-room.ts";
import { dollars, showDollars, sum } from "./money.ts";
import { sweepCost } from "./prediction.ts";
import type { PriceTable } from "./price-table.ts";
import { addedBySweep, type SweepEstimate } from "./sweep.ts";

/** All environments side by side. */
export function summary(costs: readonly EnvironmentCost[]): string {
  const rows = table(
    ["US dollars", ...costs.map(({ name }) => name)],
    costs.map((_, column) => column + 1),
  );
  const sweeps = (kind: "spot" | "onDemand") =>
    costs.map((cost) =>
      cost.sweeps
        .map(({ job, costs }) => (costs ? showDollars(addedBySweep(costs)[kind]) : `${job}: not known`))
        .join(", "),
    );
  rows.push(
    ["idle, a month", ...costs.map(({ monthly }) => showDollars(monthly.idle))],
    ["every pool at its maximum and busy, a month", ...costs.map(({ monthly }) => showDollars(monthly.maximum))],
    ["one sweep adds, on spot machines", ...sweeps("spot")],
    ["one sweep adds, on demand", ...sweeps("onDemand")],
    ["largest item of the idle bill", ...costs.map(({ monthly }) => monthly.lines[0]?.item ?? "none")],
  );
  return rows.toString();
}

export function environmentReport(cost: EnvironmentCost): string {
  const { name, region, pricesOf, monthly } = cost;
  const rows = table([`${name}, a month`, "how", "idle", "at most"], [2, 3]);
  for (const { item, how, idle, maximum } of monthly.lines) {
    rows.push([item, how, showDollars(idle), showDollars(maximum)]);
  }
  rows.push(["total", `${region}, prices of ${pricesOf}`, showDollars(monthly.idle), showDollars(monthly.maximum)]);
  const [largest] = monthly.lines;
  return [
    rows.toString(),
    ...monthly.notPriced.map((type) => `not priced: ${type}; add it to tools/cost/resource-types.ts`),
    ...monthly.lacks.map(
      (part) =>
        `not priced: ${part}; prices are in stacks/prices/prices.json, and tools/cost/resource-types.ts reads resources`,
    ),
    ...(largest === undefined
      ? []
      : [`Largest item of the idle bill: ${largest.item}, ${showDollars(largest.idle)}. Less with: ${largest.lower}.`]),
    ...monthly.lines.flatMap(({ note }) => note ?? []),
    ...(cost.services === undefined ? [] : [roomLine(cost.services)]),
    ...executorsReport(cost),
    ...cost.sweeps.flatMap((sweep) => [
      sweepReport(sweep, cost),
      ...cost.queueRuns.filter(({ job }) => job === sweep.job).map((run) => queueRunReport(run, cost)),
    ]),
  ].join("\n");
}

/** The machines of the executors of each size, and the place of KEDA. Empty without executors. */
function executorsReport({ executors, keda }: EnvironmentCost): string[] {
  if (keda === undefined) return [];
  const rows = table(["executors, an hour", "machines at most", "idle", "spot", "on demand"], [2, 3, 4]);
  for (const { size, node, nodes } of executors) {
    const { onDemandUsd, spotUsd } = sweepCost(node, nodes * 3600, nodes * 3600 * node.vCpus);
    const at = `${nodes} x ${node.instanceTypes[0]}`;
    rows.push([size, at, showDollars(dollars(0)), showDollars(spotUsd), showDollars(dollars(onDemandUsd))]);
  }
  return [
    `\n${rows.toString()}`,
    "Their machines are those of the pools above, and are not added to the total again. An empty queue has none.",
    ...executors.map(({ size, machines }) => `${size}: ${describeMachines(machines)}`),
    roomLine(keda),
  ];
}

/** A line about pods on the nodes that are always on. */
function roomLine({ fits, text }: Room): string {
  return `${fits ? "" : "Warning: "}${text}.`;
}

/** A run of a job's evaluation on executors, as it could be submitted instead. */
function queueRunReport(run: EnvironmentCost["queueRuns"][number], cost: EnvironmentCost): string {
  const { job, size, executors, nodes, wallSeconds, computeSeconds, billedNodeSeconds, messages } = run;
  const node = cost.executors.find((one) => one.size === size)?.node;
  const rows = table([`the same on the queue of ${size}`, "spot", "on demand"], [1, 2]);
  const hours = (billedNodeSeconds / 3600).toFixed(1);
  const onDemand = dollars(run.cost.onDemandUsd);
  rows.push([
    `machines: ${nodes} x ${node?.instanceTypes[0]}, ${hours} h in all`,
    showDollars(run.cost.spotUsd),
    showDollars(onDemand),
  ]);
  for (const [label, amount] of [
    [`requests for about ${formatCount(Number(messages.toPrecision(2)))} messages`, run.requests],
    ["storing the results, and keeping them for a month", run.storage],
    ["through the NAT gateway", run.nat],
  ] as const)
    rows.push([label, showDollars(amount), showDollars(amount)]);
  const rest = [run.requests, run.storage, run.nat];
  rows.push(["added by the run", showDollars(sum([run.cost.spotUsd, ...rest])), showDollars(sum([onDemand, ...rest]))]);
  return [
    `\nThe run of ${job} on ${formatCount(executors)} executors of ${size} takes ${describeSeconds(wallSeconds)}, ${describeSeconds(computeSeconds)} of it computing.`,
    rows.toString(),
  ].join("\n");
}

function sweepReport(sweep: SweepEstimate, cost: EnvironmentCost): string {
  const { job, pool, totalParameters, machines, duration, prediction, costs } = sweep;
  const title = `One run of ${job}: ${formatCount(totalParameters)} parameters`;
  if (prediction === undefined || costs === undefined || duration === undefined) {
    return `\n${title} on ${pool}: not known, because nobody has measured it. Run ./sweep plan --environment ${cost.name} --job ${job}, or give --seconds-per-parameter\n${describeMachines(machines)}`;
  }
  const node = cost.pools.find(({ name }) => name === pool);
  const added = addedBySweep(costs);
  const rows = table([`${job}, one run`, "spot", "on demand"], [1, 2]);
  const both = (label: string, amount: (typeof costs)["nat"]) =>
    rows.push([label, showDollars(amount), showDollars(amount)]);
  const hours = (prediction.billedNodeSeconds / 3600).toFixed(1);
  rows.push([
    `machines: ${prediction.nodes} x ${node?.instanceTypes[0]}, ${hours} h in all`,
    showDollars(costs.spot),
    showDollars(costs.onDemand),
  ]);
  const columns = costs.columns === undefined ? "one column assumed" : `columns: ${costs.columns}`;
  both(`storing the results, and keeping them for a month (${columns})`, costs.storage);
  both("through the NAT gateway", costs.nat);
  rows.push(["added by the run", showDollars(added.spot), showDollars(added.onDemand)]);
  both("control plane, NAT and the rest meanwhile, paid anyway", costs.alwaysOn);
  const { start, idle } = cost.timeline;
  const share = Math.round(100 * prediction.coresOfPod);
  return [
    `\n${title} take ${describeSeconds(prediction.wallSeconds)}: ${start} s until a machine computes, ${describeSeconds(prediction.computeSeconds)} of computing; the machine is returned ${describeSeconds(idle)} after its last pod.`,
    `${prediction.pods} pods on ${prediction.nodes === 1 ? "1 node" : `${prediction.nodes} nodes`}, each with ${share} % of a core. A parameter takes ${describeSeconds(duration.secondsPerParameter)} of a core: ${duration.from}.`,
    describeMachines(machines),
    rows.toString(),
  ].join("\n");
}

/** A line about the machines of a job. */
export function describeMachines({ isWarning, text }: MachinesRemark): string {
  return `${isWarning ? "Warning: " : ""}${text}.`;
}

/** The assumptions, the parts of AWS's bill that are not counted, and the days of the prices. */
export function notes(table: PriceTable): string {
  const { assumptions, notIncluded, regions, date } = table;
  const assumed = Object.entries(assumptions).map(
    ([name, assumption]) => `  ${name}: ${amountOf(assumption)} ${assumption.unit} (${assumption.why})`,
  );
  const prices = Object.values(regions).flatMap(({ instances, ...others }) => [...Object.values(others), instances]);
  const undated = prices.filter((price) => (price.date ?? null) === null).length;
  return [
    `Prices of Linux from a table of ${date}: stacks/prices/prices.json names a page for each. ${undated} of ${prices.length} have no day on which somebody compared them with their page.`,
    "Assumptions (your own with --prices, docs/cost.md):",
    ...assumed,
    "Not counted:",
    ...notIncluded.map(({ what, why }) => `  ${what}: ${why}`),
  ].join("\n");
}

function amountOf(assumption: PriceTable["assumptions"][keyof PriceTable["assumptions"]]): string {
  return "value" in assumption ? formatCount(assumption.value) : `${assumption.least} to ${assumption.most}`;
}

export function exampleReport({ alwaysOn, fromZero }: Example): string {
  const rows = table(["5 x c5.xlarge, a month", "machine hours", "machines", "with root volumes"], [1, 2, 3]);
  const row = (label: string, hours: number, machines: number, volumes: number) =>
    rows.push([
      label,
      formatCount(Number(hours.toFixed(1))),
      showDollars(dollars(machines)),
      showDollars(dollars(machines + volumes)),
    ]);
  row("always on", alwaysOn.machineHours, alwaysOn.machinesUsd, alwaysOn.volumesUsd);
  row("from zero, when needed", fromZero.machineHours, fromZero.machinesUsd, fromZero.volumesUsd);
  return [
    rows.toString(),
    `From zero: ${fromZero.batches} batches of ${fromZero.computeSeconds / 60} minutes, one each working day. About $${Math.round(fromZero.machinesUsd)} pays for that; it predicts nobody's need.`,
    `Each machine is billed for ${describeSeconds(fromZero.billedSeconds)} per batch, start and idling included.`,
    "Both also pay for control plane, general pool and network.",
  ].join("\n");
}
