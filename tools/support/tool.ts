import { Command } from "commander";
import { describeProblem, oneOf, show } from "sweep-worker/contract";
import { InvalidConfigurationError } from "../../constructs/support/problems.ts";
import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";

/** An error that the user can correct. Its message is the whole explanation, so no stack trace is printed. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** The error about one value of a command line or a file: `<subject> must be <allowed>, got <got>: <fix>`. */
export function refusal(subject: string, allowed: string, got: unknown, fix: string): ToolError {
  return new ToolError(describeProblem({ path: [subject], allowed, got: show(got), fix }));
}

/** A number above 0, as an option has it. */
export function positiveNumber(option: string, text: string, fix: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw refusal(option, "a number above 0", text, fix);
}

/** A command with the help options that all tools have in common. @param name as a user starts it, such as `npm run cost --`. */
export function tool(name: string, description: string): Command {
  return new Command(name).description(description).showHelpAfterError().helpOption("--help", "print this help");
}

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
  const named = wanted !== undefined && known.includes(wanted) ? wanted : undefined;
  if (named === undefined) throw refusal("environment", oneOf(known), wanted, "name one of environments.ts");
  const environment = loadEnvironments(environments).find(({ name }) => name === named);
  if (environment === undefined) throw new Error(`loadEnvironments lost ${named}`);
  return environment;
}

/** The one job that a tool works for. @param where the place of the jobs, for the error. */
export function jobNameOf(wanted: string | undefined, names: readonly string[], where: string): string {
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (name !== undefined && names.includes(name)) return name;
  if (names.length === 0) throw new ToolError(`${where} has no job`);
  throw refusal("--job", oneOf(names), wanted, `name a job of ${where}`);
}

/** Runs a tool. Its exit code is `failure` after an error, unless the tool has set another. @param failure @default 1 */
export async function runTool(command: Command, failure = 1): Promise<void> {
  // Ignore EPIPE: the reading end (head, less) closed the pipe.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  try {
    await command.parseAsync();
  } catch (error) {
    const isOurs = error instanceof ToolError || error instanceof InvalidConfigurationError;
    const exitCode = isOurs ? failure : exitCodeOf(error);
    if (exitCode === undefined) throw error;
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = exitCode;
  }
}

/**
 * The exit code of an error of the worker. `instanceof SweepError` would miss it: tools are CommonJS, and load the engine as an
 * ES module with a second copy of that class.
 */
function exitCodeOf(error: unknown): number | undefined {
  const { exitCode } = error as { readonly exitCode?: unknown };
  return typeof exitCode === "number" ? exitCode : undefined;
}
