import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { oneOf } from "sweep-worker/contract";
import { repository } from "../../stacks/repository.ts";
import { addOptions } from "../../worker/src/commands/options.ts";
import { addNameOption, addSubmissionOptions, SUBMIT_SETTINGS } from "../../worker/src/commands/submit-options.ts";
import { environmentOf } from "../support/environment.ts";
import { type Executors, executorsOf, placeOfRun } from "../support/outputs.ts";
import { refusal, runTool, tool } from "../support/tool.ts";

/** The options that choose a queue. All others are those of `sweep`. */
const TARGET_OPTIONS = ["environment", "size"];
const ENVIRONMENT = { flags: "--environment <name>", description: "one of environments.ts" };
const SIZE = { flags: "--size <size>", description: "size of its executors, if there are several" };

interface Target {
  readonly executors: Executors;
  readonly region: string;
}

/** The environment that the command line names, and its executors. */
function placeOf(command: Command) {
  const { name, region } = environmentOf(undefined, command.opts<{ environment?: string }>().environment);
  return { region, sizes: executorsOf(name) };
}

/** The executors that the command line names. */
function targetOf(command: Command): Target {
  const { region, sizes } = placeOf(command);
  const { size } = command.opts<{ size?: string }>();
  const executors = sizes.find((one) => one.size === size || (sizes.length === 1 && size === undefined));
  if (executors !== undefined) return { executors, region };
  throw refusal("--size", oneOf(sizes.map((one) => one.size)), size, "name executors of the environment");
}

/** The options that the user has given, and that `sweep` knows, too. */
function passedOn(command: Command): string[] {
  return command.options.flatMap((option) => {
    const name = option.attributeName();
    if (TARGET_OPTIONS.includes(name) || command.getOptionValueSource(name) !== "cli") return [];
    const value = command.getOptionValue(name);
    return value === true ? [option.long as string] : [option.long as string, String(value)];
  });
}

/** Runs `sweep`, and ends as it does. */
function sweep(region: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(repository, "worker/bin/sweep.mjs"), ...args], {
    stdio: "inherit",
    // The credentials are the caller's own, as for Terraform. The region is the environment's, not that of the caller's profile.
    env: { ...process.env, AWS_REGION: region },
  });
  // Ctrl-C reaches both processes. This one must not end before the other has said what the executors do.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.exitCode = code ?? 128 + constants.signals[signal as NodeJS.Signals];
      resolve();
    });
  });
}

const queueOf = ({ queueUrl }: Executors) => ["--queue", queueUrl];
const deadLettersOf = ({ deadLetterQueueUrl }: Executors) => ["--dead-letter-queue", deadLetterQueueUrl];
const sizesOf = ({ slots, max }: Executors) => ["--slots", String(slots), "--max-executors", String(max)];

const submit = tool("npm run submit --", "Give a run to the executors of an environment, follow it, and stop it.")
  .argument("[evaluation]", "path of a module, or collatz, pi or prime (default: collatz)")
  .enablePositionalOptions()
  .option(ENVIRONMENT.flags, ENVIRONMENT.description)
  .option(SIZE.flags, SIZE.description)
  .addHelpText(
    "after",
    `
It prints the name of the run first. The same command again sends what is still missing.

Examples:
  npm run submit -- worker/evaluations/prime.ts --environment dev --size large --total 1000000 --wait
  npm run submit -- status prime-1a2b3c4d --environment dev --size large
  npm run submit -- cancel prime-1a2b3c4d --environment dev
  npm run submit -- resume prime-1a2b3c4d --environment dev --size large --wait
  npm run collect -- dev --run prime-1a2b3c4d`,
  );
addNameOption(submit);
addSubmissionOptions(submit);
addOptions(submit, SUBMIT_SETTINGS);
submit.action((evaluation: string | undefined) => {
  const { executors, region } = targetOf(submit);
  const args = [...queueOf(executors), "--results-root", executors.resultsRoot, ...sizesOf(executors)];
  return sweep(region, ["submit", ...(evaluation === undefined ? [] : [evaluation]), ...args, ...passedOn(submit)]);
});

const status = followUp("status", "count the parameters of a run, and the messages of its queue")
  .option(SIZE.flags, SIZE.description)
  .option("--json", "print one line of JSON");
status.action((run: string) => {
  const { executors, region } = targetOf(status);
  const args = [...queueOf(executors), ...deadLettersOf(executors), ...passedOn(status)];
  return sweep(region, ["status", placeOfRun(executors, run), ...args]);
});

const cancel = followUp("cancel", "stop a run: what is committed stays");
cancel.option("--reason <text>", "what status says about it");
cancel.action((run: string) => {
  // The bucket tells the executors of all sizes, and it is the same for all.
  const { region, sizes } = placeOf(cancel);
  return sweep(region, ["cancel", placeOfRun(sizes[0], run), ...passedOn(cancel)]);
});

const resume = followUp("resume", "send again what is missing of a run, also of one that was cancelled or has failed");
resume.option(SIZE.flags, SIZE.description);
addSubmissionOptions(resume);
resume.action((run: string) => {
  const { executors, region } = targetOf(resume);
  const args = [...queueOf(executors), ...deadLettersOf(executors), ...sizesOf(executors), ...passedOn(resume)];
  return sweep(region, ["resume", placeOfRun(executors, run), ...args]);
});

/** A command about a run that was submitted. */
function followUp(name: string, description: string): Command {
  return submit
    .command(name)
    .description(description)
    .argument("<run>", "its name or its place, as npm run submit has printed them")
    .option(ENVIRONMENT.flags, ENVIRONMENT.description);
}

runTool(submit);
