import {
  DEFAULTS,
  declarationOf,
  describeSeconds,
  formatCount,
  type ResolvedWorkerSettings,
  shellWord,
  toEnvironment,
  variableName,
} from "sweep-worker/contract";
import { SUBMIT_SETTINGS } from "../../worker/src/commands/submit-options.ts";
import type { EnvironmentFacts } from "../cost/environment.ts";
import { dollars, type PriceRange, showDollars, sum } from "../cost/money.ts";
import { type QueueRun, queueRun } from "../cost/queue-run.ts";
import { describeMachines } from "../cost/report.ts";
import { resultBytes } from "../cost/sweep.ts";
import { table } from "../support/table.ts";
import { type PlanInput, workOf } from "./plan.ts";

/** The sweep on the executors of a size. */
export interface QueuePlan extends QueueRun {
  readonly onDemandUsd: number;
  readonly spotUsd: PriceRange;
  /** Submits the measured sweep. */
  readonly command: string;
}

/** @param evaluation as the command line or the job has it; undefined for a program. */
export function queuePlans(
  input: PlanInput,
  environment: EnvironmentFacts,
  configuration: ResolvedWorkerSettings,
  evaluation: string | undefined,
): QueuePlan[] {
  const bytes = resultBytes(input.totalParameters, input.columns.length);
  return environment.executors.map((executors) => {
    const run = queueRun(workOf(input), bytes, executors, environment);
    const rest = sum([run.requests, run.storage, run.nat]);
    return {
      ...run,
      onDemandUsd: run.cost.onDemandUsd + rest.most,
      spotUsd: sum([run.cost.spotUsd, rest]),
      command: submitCommand(environment.name, executors.size, configuration, evaluation),
    };
  });
}

/** The table of all sizes, and what to type. */
export function describeQueuePlans(plans: readonly QueuePlan[], { name, executors }: EnvironmentFacts): string[] {
  if (plans.length === 0) return [];
  const rows = table([`on a queue of ${name}`, "nodes", "executors", "time", "spot", "on demand"], [1, 2, 3, 4, 5]);
  for (const { size, nodes, executors, wallSeconds, spotUsd, onDemandUsd } of plans) {
    const cells = [String(nodes), formatCount(executors), describeSeconds(wallSeconds)];
    rows.push([size, ...cells, showDollars(spotUsd), showDollars(dollars(onDemandUsd))]);
  }
  return [
    rows.toString(),
    ...executors.map(({ size, machines }) => `${size}: ${describeMachines(machines)}`),
    "Without a change of environments.ts:",
    ...plans.map(({ command }) => `  ${command}`),
  ];
}

function submitCommand(
  environment: string,
  size: string,
  configuration: ResolvedWorkerSettings,
  evaluation: string | undefined,
): string {
  const given = toEnvironment(configuration);
  const byDefault = toEnvironment(DEFAULTS);
  const options = SUBMIT_SETTINGS.flatMap((name) => {
    const value = given[variableName(name)];
    const { flags = "" } = declarationOf(name).option ?? {};
    return value === undefined || value === byDefault[variableName(name)] ? [] : [flags.split(" ")[0] ?? "", value];
  });
  const words = [...(evaluation === undefined ? [] : [evaluation]), "--environment", environment, "--size", size];
  return ["npm run submit --", ...[...words, ...options].map(shellWord)].join(" ");
}
