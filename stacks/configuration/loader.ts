import { InvalidConfigurationError, type Problem, show } from "../../constructs/support/problems.ts";
import { imageEvaluations } from "../../constructs/workload/image-files.ts";
import { repository } from "../repository.ts";
import { duplicateProblems } from "./duplicates.ts";
import { allOf, at, problemsIn } from "./resolution.ts";
import { resolveEnvironment } from "./resolve.ts";
import type { ResolvedEnvironment } from "./resolved-environment.ts";
import { type Variables, variablePrefix, variableProblems } from "./variables.ts";

export { variablePrefix } from "./variables.ts";

/**
 * Resolves environments. Environment variables override values that belong to one person or account and not into version control:
 * `PLATFORM_<NAME>_ACCOUNT_ID`, and the lists `PLATFORM_<NAME>_ADMINISTRATORS` and `PLATFORM_<NAME>_PUBLIC_ACCESS_CIDRS`, separated
 * by commas. For the environment `dev`, the first one is `PLATFORM_DEV_ACCOUNT_ID`. Only this function reads the environment
 * variables of the process and the folder `worker/evaluations`.
 * @throws InvalidConfigurationError that names every problem of every environment.
 */
export function loadEnvironments(
  environments: readonly unknown[],
  variables: Variables = process.env,
): readonly ResolvedEnvironment[] {
  const listed = listOf(environments);
  const evaluations = imageEvaluations(repository);
  const override = (environment: unknown) => withVariables(environment, variables);
  const resolutions = listed.map((environment) => resolveEnvironment(environment, evaluations, override));
  const names = listed.map(nameOf);
  const resolution = allOf(resolutions.map((one, index) => at(pathOf(names, index), one)));
  const known = names.filter((name) => name !== undefined);
  const problems = [...problemsIn(resolution), ...nameProblems(names), ...variableProblems(known, variables)];
  if (!resolution.ok || problems.length > 0) throw new InvalidConfigurationError("the configuration", problems);
  return resolution.value;
}

/** The environments, with `undefined` in the place of a hole, which is refused as any other value that is no environment. */
function listOf(environments: unknown): readonly unknown[] {
  if (Array.isArray(environments)) return Array.from(environments);
  const fix = "write for example environments = [dev, prod]";
  const problem = { path: ["environments"], allowed: "a list of environments", got: show(environments), fix };
  throw new InvalidConfigurationError("the configuration", [problem]);
}

function pathOf(names: readonly (string | undefined)[], index: number): PropertyKey[] {
  const name = names[index];
  return name === undefined ? ["environments", index] : [name];
}

function nameProblems(names: readonly (string | undefined)[]): Problem[] {
  const allowed = "different from the names of the environments before it, because stacks are named after it";
  const problems = duplicateProblems(
    names.map((name) => name ?? ""),
    allowed,
    "rename one of the two",
  );
  return [
    ...problems.map(({ path, ...problem }) => ({ path: ["environments", ...path, "name"], ...problem })),
    ...patternProblems(names),
  ];
}

/** A pattern for the stacks of one environment, such as `dev-*`, must not match those of another: it would destroy them, too. */
function patternProblems(names: readonly (string | undefined)[]): Problem[] {
  return names.flatMap((name, index) => {
    const shorter = names.find((other) => other && name?.startsWith(`${other}-`));
    if (name === undefined || shorter === undefined) return [];
    const allowed = `a name that does not begin with "${shorter}-", because cdktf deploy '${shorter}-*' would take this environment, too`;
    return [{ path: ["environments", index, "name"], allowed, got: show(name), fix: "rename one of the two" }];
  });
}

function nameOf(environment: unknown): string | undefined {
  try {
    if (typeof environment !== "object" || environment === null || !Object.hasOwn(environment, "name"))
      return undefined;
    const { name } = environment as { name?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // A property that throws is reported where environments are read.
    return undefined;
  }
}

function withVariables(environment: unknown, variables: Variables): unknown {
  const name = nameOf(environment);
  if (typeof environment !== "object" || environment === null || name === undefined) return environment;
  const { cluster: written } = environment as { cluster?: unknown };
  const prefix = variablePrefix(name);
  const list = (key: string) => variables[`${prefix}_${key}`]?.split(",").map((entry) => entry.trim());
  const accountId = variables[`${prefix}_ACCOUNT_ID`];
  const administrators = list("ADMINISTRATORS");
  const endpointPublicAccessCidrs = list("PUBLIC_ACCESS_CIDRS");
  const own = typeof written === "object" && !Array.isArray(written) ? written : {};
  const cluster = {
    ...(administrators && { administrators }),
    ...(endpointPublicAccessCidrs && { endpointPublicAccessCidrs }),
  };
  return {
    ...environment,
    ...(accountId !== undefined && { accountId }),
    ...(Object.keys(cluster).length > 0 && { cluster: { ...own, ...cluster } }),
  };
}
