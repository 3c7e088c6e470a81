import { type Command, Option } from "commander";
import { variableName } from "../contract/environment-variables.ts";
import { EXECUTOR_SETTINGS } from "../contract/executor-settings.ts";
import { problemOfValue } from "../contract/facts.ts";
import { formatCount } from "../contract/format.ts";
import { LIMITS } from "../contract/limits.ts";
import { numberIn } from "../contract/numbers.ts";
import { type Problem, show } from "../contract/problems.ts";
import type { SettingName } from "../contract/worker-settings.ts";

/** The settings of a run that `sweep submit` takes as options. */
export const SUBMIT_SETTINGS = [
  "totalParameters",
  "batchSize",
  "seed",
  "evaluationCommand",
  "resultColumns",
  "evaluationConcurrency",
  "evaluationTimeoutSeconds",
  "maxFailures",
  "simulateWorkMs",
] as const satisfies readonly SettingName[];

/** Executors of a queue that has no other limit. */
const DEFAULT_MAX_EXECUTORS = 50;

const QUEUE_FLAGS = "--queue <url>";
const DEAD_LETTER_FLAGS = "--dead-letter-queue <url>";
const ROOT_FLAGS = "--results-root <url>";

/** The options of a queue and of the executors behind it, as commander reads them. */
export interface QueueArguments {
  readonly queue?: string;
  readonly resultsRoot?: string;
  readonly deadLetterQueue?: string;
  readonly executors?: string;
  readonly maxExecutors: string;
  readonly slots: string;
  readonly wait?: boolean;
}

/** Options of a command that gives a run to executors. */
export function addSubmissionOptions(command: Command): void {
  command
    .option("--executors <number>", "executors to divide the run for (default: from a sample of 5 s on this machine)")
    .option("--wait", "show the progress until the run is complete, then verify it and write receipt.json");
}

/** Options about the executors of a queue. `npm run submit` knows their values. */
export function addExecutorOptions(command: Command): void {
  const { executorSlots } = EXECUTOR_SETTINGS;
  command
    .addOption(
      new Option("--max-executors <number>", "most executors of the queue").default(
        String(DEFAULT_MAX_EXECUTORS),
        String(DEFAULT_MAX_EXECUTORS),
      ),
    )
    .addOption(
      new Option("--slots <number>", "messages that an executor works on at the same time")
        .env(variableName("executorSlots"))
        .default(String(executorSlots.default), String(executorSlots.default)),
    );
}

export function addNameOption(command: Command): void {
  command.option("--name <run>", "name of the run (default: <evaluation>-<hash>)");
}

export function addQueueOption(command: Command): void {
  command.addOption(new Option(QUEUE_FLAGS, `${EXECUTOR_SETTINGS.queueUrl.description}`).env(variableName("queueUrl")));
}

export function addResultsRootOption(command: Command): void {
  command.addOption(new Option(ROOT_FLAGS, EXECUTOR_SETTINGS.resultsRoot.description).env(variableName("resultsRoot")));
}

/** @param use completes the description. */
export function addDeadLetterOption(command: Command, use: string): void {
  command.option(DEAD_LETTER_FLAGS, `URL of the queue for messages that were received too often, ${use}`);
}

/** The problem of a queue's URL. @param isOptional whether it may be left out. */
export function problemsOfQueueUrl(
  flags: "--queue" | "--dead-letter-queue",
  url: unknown,
  isOptional = false,
): Problem[] {
  if (isOptional && url === undefined) return [];
  return problemOfValue(flags, url, EXECUTOR_SETTINGS.queueUrl.schema);
}

export function problemsOfRoot(url: unknown): Problem[] {
  return problemOfValue("--results-root", url, EXECUTOR_SETTINGS.resultsRoot.schema);
}

/** The problem of a run's place that a command was given. Only a bucket can be reached by executors. */
export function problemsOfRunUrl(url: string): Problem[] {
  const [, key = ""] = /^s3:\/\/[^/]+\/(.+)$/.exec(url) ?? [];
  if (key !== "" && problemOfValue("results", url, EXECUTOR_SETTINGS.resultsRoot.schema).length === 0) return [];
  const fix = "name the place that sweep submit has printed, for example s3://bucket/runs/queue/collatz-1a2b3c4d";
  return [{ path: ["results"], allowed: "s3://<bucket>/<prefix>/<run>", got: show(url), fix }];
}

/** Numbers of executors and slots. */
export interface Sizes {
  readonly executors: number | undefined;
  readonly maxExecutors: number;
  readonly slots: number;
}

/** @param problems gets those of numbers that are wrong. */
export function sizesOf({ executors, maxExecutors, slots }: QueueArguments, problems: Problem[]): Sizes {
  const number = (option: string, text: string, most: number, example: number) => {
    const value = numberIn(text) ?? Number.NaN;
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    const allowed = `a whole number from 1 to ${formatCount(most)}`;
    problems.push({ path: [option], allowed, got: show(text), fix: `use for example ${example}` });
    return 1;
  };
  return {
    executors: executors === undefined ? undefined : number("--executors", executors, LIMITS.workers, 10),
    maxExecutors: number("--max-executors", maxExecutors, LIMITS.workers, DEFAULT_MAX_EXECUTORS),
    slots: number("--slots", slots, LIMITS.executorSlots, EXECUTOR_SETTINGS.executorSlots.example),
  };
}
