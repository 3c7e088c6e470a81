import { Command } from "commander";
import { InvalidConfigurationError, oneOf } from "../../constructs/support/problems.ts";
import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";

/** What a user must do first, or has written wrongly: its message says everything, and no stack is printed. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** A program of `npm run <name>`, with help that says so. */
export function tool(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .showHelpAfterError()
    .helpOption("--help", "what you read now");
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
 * @throws ToolError that names those there are.
 * @throws InvalidConfigurationError when one of them cannot be deployed.
 */
export function environmentOf(argument: string | undefined, option: string | undefined): ResolvedEnvironment {
  const known = loadEnvironments(environments);
  const wanted = argument ?? option;
  const environment = known.find(({ name }) => name === wanted);
  if (environment !== undefined && (option ?? wanted) === wanted) return environment;
  const names = [argument, option].filter((name) => name !== undefined);
  const got = names.length === 0 ? "nothing" : names.map((name) => JSON.stringify(name)).join(" and ");
  throw new ToolError(`environment: got ${got}; allowed is ${oneOf(known.map(({ name }) => name))}`);
}

/** Runs a tool. Its exit code is 1 after an error, unless the tool has set another. */
export async function runTool(command: Command): Promise<void> {
  // The reader of a pipe has seen enough (head, less): that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  try {
    await command.parseAsync();
  } catch (error) {
    if (!(error instanceof ToolError || error instanceof InvalidConfigurationError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  }
}
