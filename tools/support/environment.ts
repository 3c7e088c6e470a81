import type { Command } from "commander";
import { oneOf } from "sweep-worker/contract";
import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { refusal, ToolError } from "./tool.ts";

/** Lets a tool take an environment, as its argument or as `--environment`. */
export function takesEnvironment(command: Command): Command {
  return command
    .argument("[environment]", "one of environments.ts")
    .option("--environment <name>", "the same, as an option");
}

/**
 * The environment that a tool was given.
 *
 * @throws ToolError that lists the known names. An unknown name is reported before problems of other environments.
 * @throws InvalidConfigurationError if any environment is invalid, because one of them blocks the synthesis of all.
 */
export function environmentOf(argument: string | undefined, option?: string): ResolvedEnvironment {
  const known = environments.map(({ name }) => name);
  const given = [...new Set([argument, option].filter((name) => name !== undefined))];
  const [wanted] = given;
  if (given.length > 1) throw refusal("environment", "named once", given, "leave one of the two out");
  const isKnown = known.some((name) => name === wanted);
  const environment = isKnown ? loadEnvironments(environments).find(({ name }) => name === wanted) : undefined;
  if (environment === undefined) throw refusal("environment", oneOf(known), wanted, "name one of environments.ts");
  return environment;
}

/** The job that a tool was given, or the only one. @param where the place of the jobs, for the error. */
export function jobOf<Job extends { readonly name: string }>(
  wanted: string | undefined,
  jobs: readonly Job[],
  where: string,
): Job {
  if (jobs.length === 0) throw new ToolError(`${where} has no job`);
  const job = wanted === undefined && jobs.length === 1 ? jobs[0] : jobs.find(({ name }) => name === wanted);
  const names = jobs.map(({ name }) => name);
  if (job === undefined) throw refusal("--job", oneOf(names), wanted, `name a job of ${where}`);
  return job;
}
