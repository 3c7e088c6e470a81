import { Token } from "cdktf";
import { problemOfValue } from "sweep-worker/contract";
import type { Problem } from "../support/problems.ts";
import { type ServicesOptions, servicesOptionsSchema } from "./services-options.ts";
import { replicasProblems } from "./web-service-problems.ts";

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
