import type { Environment } from "../../stacks/configuration/schema.ts";
import { environmentCost } from "../../tools/cost/environment-cost.ts";
import { readPrices } from "../../tools/cost/price-table.ts";
import { type Resource, resourcesOf } from "../../tools/cost/synthesized.ts";
import { resolved } from "./fixtures.ts";
import { synthesizeEnvironment } from "./workload.ts";

export const table = readPrices();

/** A synthesis takes most of the time of these tests, and many of them look at the same environment. */
const synthesized = new Map<Environment, readonly Resource[]>();

/** The resources of all stacks of an environment. */
export function resources(environment: Environment): readonly Resource[] {
  const found =
    synthesized.get(environment) ??
    Object.values(synthesizeEnvironment(environment)).flatMap(({ json }) => resourcesOf(json));
  synthesized.set(environment, found);
  return found;
}

export function costOf(environment: Environment, prices = table, secondsPerParameter?: number) {
  return environmentCost(resolved(environment), resources(environment), prices, secondsPerParameter);
}
