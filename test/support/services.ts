import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWithExecutors } from "./executors.ts";

/** The dev environment with executors of two sizes, a page and an API. */
export const devWithServices: Environment = devWithServicesAnd({});

/** The dev environment with executors, and with services of these options. */
export function devWithServicesAnd(services: NonNullable<Environment["services"]>): Environment {
  return { ...devWithExecutors, services };
}
