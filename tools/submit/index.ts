import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { oneOf } from "sweep-worker/contract";
import { repository } from "../../stacks/repository.ts";
import { addOptions } from "../../worker/src/commands/options.ts";
import { addNameOption, addSubmissionOptions, SUBMIT_SETTINGS } from "../../worker/src/commands/submit-options.ts";
import { environmentOf } from "../support/environment.ts";
import { type Executors, executorsOf } from "../support/outputs.ts";
import { refusal, runTool, ToolError, tool } from "../support/tool.ts";

/** The options that choose a queue. All others are those of `sweep`. */
const TARGET_OPTIONS = ["environment", "size"];
const ENVIRONMENT = { flags: "--environment <name>", description: "one of environments.ts" };
const SIZE = { flags: "--size <size>", description: "size of its executors, if there are several" };

interface Target extends Executors {
  readonly region: string;
}

/** The executors of the environment that the command line names. */
function targetsOf(command: Command): readonly [Target, ...Target[]] {
  const { name, region } = environmentOf(undefined, command.opts<{ environment?: string }>().environment);
  const [first, ...others] = executorsOf(name).map((executors) => ({ ...executors, region }));
  if (first !== undefined) return [first, ...others];
  throw new ToolError(`${name} has no executors: add workload.executors to it in environments.ts, and deploy it`);
}

/** The executors that the command line names. */
function targetOf(command: Command): Target {
  const targets = targetsOf(command);
  const { size } = command.opts<{ size?: string }>();
  if (targets.length === 1 && size === undefined) return targets[0];
  const found = targets.find((target) => target.size === size);
  if (found !== undefined) return found;
  throw refusal("--size", oneOf(targets.map((target) => target.size)), size, "name executors of the environment");
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

const placeOf = ({ resultsRoot }: Target, run: string) => (run.includes("://") ? run : `${resultsRoot}/${run}`);
const queueOf = ({ queueUrl }: Target) => ["--queue", queueUrl];
const deadLettersOf = ({ deadLetterQueueUrl }: Target) => ["--dead-letter-queue", deadLetterQueueUrl];
const executorsFor = ({ slots, max }: Target) => ["--slots", String(slots), "--max-executors", String(max)];

const submit = tool("npm run submit --", "Give a run to the executors of an environment, follow it, and stop it.")
  .argument("[evaluation]", "path of a module, or collatz or prime (default: collatz)")
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
  const target = targetOf(submit);
  const args = [...queueOf(target), "--results-root", target.resultsRoot, ...executorsFor(target)];
  return sweep(target.region, [
    "submit",
    ...(evaluation === undefined ? [] : [evaluation]),
    ...args,
    ...passedOn(submit),
  ]);
});

const status = followUp("status", "count the parameters of a run, and the messages of its queue")
  .option(SIZE.flags, SIZE.description)
  .option("--json", "print one line of JSON");
status.action((run: string) => {
  const target = targetOf(status);
  const args = [...queueOf(target), ...deadLettersOf(target), ...passedOn(status)];
  return sweep(target.region, ["status", placeOf(target, run), ...args]);
});

const cancel = followUp("cancel", "stop a run: what is committed stays");
cancel.option("--reason <text>", "what status says about it");
cancel.action((run: string) => {
  // The bucket tells the executors of all sizes.
  const [target] = targetsOf(cancel);
  return sweep(target.region, ["cancel", placeOf(target, run), ...passedOn(cancel)]);
});

const resume = followUp("resume", "send again what is missing of a run, also of one that was cancelled or has failed");
resume.option(SIZE.flags, SIZE.description);
addSubmissionOptions(resume);
resume.action((run: string) => {
  const target = targetOf(resume);
  const args = [...queueOf(target), ...deadLettersOf(target), ...executorsFor(target), ...passedOn(resume)];
  return sweep(target.region, ["resume", placeOf(target, run), ...args]);
});

/** A command about a run that was submitted. */
function followUp(name: string, description: string): Command {
  return submit
    .command(name)
    .description(description)
    .argument("<run>", "its name, as npm run submit has printed it")
    .option(ENVIRONMENT.flags, ENVIRONMENT.description);
}

runTool(submit);
