import { Command } from "commander";
import { describeProblem, numberIn, show } from "sweep-worker/contract";
import { InvalidConfigurationError } from "../../constructs/support/problems.ts";

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
  const value = numberIn(text);
  if (value !== undefined && value > 0) return value;
  throw refusal(option, "a number above 0", text, fix);
}

/** A command with the help options that all tools have in common. @param name as a user starts it, such as `npm run cost --`. */
export function tool(name: string, description: string): Command {
  return new Command(name).description(description).showHelpAfterError().helpOption("-h, --help", "print this help");
}

/** For an option that can be repeated: all of its values. */
export const collected = (value: string, before: readonly string[] = []) => [...before, value];

let declared: Command[] | undefined;

/** The commands of tools, for the documentation: nothing of them runs. @param load loads their modules, each for the first time. */
export function declaredCommands(load: () => void): readonly Command[] {
  const commands: Command[] = [];
  declared = commands;
  try {
    load();
  } finally {
    declared = undefined;
  }
  return commands;
}

/** Runs a tool. Its exit code is `failure` after an error, unless the tool has set another. @param failure @default 1 */
export async function runTool(command: Command, failure = 1): Promise<void> {
  if (declared !== undefined) {
    declared.push(command);
    // It never ends, so that nothing that waits for the tool runs either.
    return new Promise(() => {});
  }
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
