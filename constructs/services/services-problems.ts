import { Token } from "cdktf";
import { problemOfValue } from "sweep-worker/contract";
import { type Problem, show } from "../support/problems.ts";
import { type ServicesOptions, servicesOptionsSchema, servicesWithDefaults } from "./services-options.ts";

/** The options with a value of their own; {@link ServicesOptions.ingress} and the jobs have checks of their own. */
const names = [
  "minReplicas",
  "maxReplicas",
  "submissionsPerMinute",
] as const satisfies readonly (keyof ServicesOptions)[];

/** Everything that is wrong with the replicas and limits of services; each `path` starts with the option. */
export function servicesProblems(options: ServicesOptions): Problem[] {
  const own = names.flatMap((name) =>
    Token.isUnresolved(options[name]) ? [] : problemOfValue(name, options[name], servicesOptionsSchema.shape[name]),
  );
  return own.length > 0 ? own : replicasProblems(options);
}

function replicasProblems(options: ServicesOptions): Problem[] {
  const { minReplicas, maxReplicas } = servicesWithDefaults(options);
  if (!(maxReplicas < minReplicas)) return [];
  const byDefault = options.maxReplicas === undefined ? ", the default" : "";
  const fix = "there are always so many replicas; raise it, or lower minReplicas";
  return [{ path: ["maxReplicas"], allowed: `${minReplicas} or more`, got: `${show(maxReplicas)}${byDefault}`, fix }];
}
