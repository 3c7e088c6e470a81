import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { PermanentError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { DEFAULTS, readConfiguration, variableName, type WorkerConfiguration } from "../contract/settings.ts";

/** What `sweep run` takes if nothing is said. */
const DEFAULT_TOTAL = 10_000_000;

/** The options of `sweep run`, by the configuration that they set. A variable of the environment holds where an option is not given. */
const OPTIONS: Partial<Record<keyof WorkerConfiguration, { readonly flags: string; readonly description: string }>> = {
  totalParameters: { flags: "--total <number>", description: "how many parameters: they are 0 to one less" },
  totalWorkers: { flags: "--workers <number>", description: "how many worker processes" },
  batchSize: { flags: "--batch-size <number>", description: "parameters in a block, which is committed at once" },
  partition: { flags: "--partition <name>", description: "how the blocks are dealt out: block-cyclic or contiguous" },
  seed: { flags: "--seed <number>", description: "of the random numbers and of the partition" },
  resultsUrl: { flags: "--results <url>", description: "a directory, file:<directory> or s3://<bucket>/<prefix>" },
  evaluationTimeoutSeconds: { flags: "--timeout <seconds>", description: "for one parameter; 0 is no limit" },
  maxFailures: {
    flags: "--max-failures <number>",
    description: "failed parameters to record before this start gives up",
  },
  evaluationCommand: {
    flags: "--command <command>",
    description: "evaluate with a program that reads and prints lines of JSON",
  },
  resultColumns: { flags: "--columns <names>", description: "the columns of --command, separated by commas" },
  simulateWorkMs: {
    flags: "--simulate-work-ms <number>",
    description: "sleep before each parameter, to rehearse slow work",
  },
  logLevel: { flags: "--log-level <level>", description: "of the workers: trace, debug, info, warn, error or silent" },
};

const DEFAULT_TEXTS: Partial<Record<keyof WorkerConfiguration, string>> = {
  ...Object.fromEntries(
    Object.entries(DEFAULTS).map(([property, value]) => [
      property,
      typeof value === "number" ? formatCount(value) : value,
    ]),
  ),
  totalParameters: formatCount(DEFAULT_TOTAL),
  totalWorkers: "one for each core",
  resultsUrl: "file:./results/<evaluation>-<hash>",
};

/** Adds the options for the given properties of a configuration. */
export function addOptions(command: Command, properties: readonly (keyof WorkerConfiguration)[]): void {
  for (const property of properties) {
    const { flags, description } = OPTIONS[property] as { flags: string; description: string };
    const byDefault = DEFAULT_TEXTS[property];
    const text = byDefault === undefined ? description : `${description} (default: ${byDefault})`;
    command.addOption(new Option(flags, text).env(variableName(property)).argParser(String));
  }
}

export const RUN_OPTIONS = Object.keys(OPTIONS) as (keyof WorkerConfiguration)[];

/**
 * The configuration of a run, without the worker's own number.
 *
 * @param defaults variables that hold where neither an option nor the environment says otherwise.
 * @throws PermanentError that names each wrong option, the value got and what is allowed.
 */
export function configurationOf(
  evaluation: string | undefined,
  command: Command,
  defaults: Readonly<Record<string, string>> = {},
): WorkerConfiguration {
  const given: Record<string, string | undefined> = { ...defaults, ...process.env };
  for (const [property, { flags }] of Object.entries(OPTIONS)) {
    const option = command.options.find((candidate) => candidate.flags === flags);
    const value = option === undefined ? undefined : command.getOptionValue(option.attributeName());
    if (value !== undefined) given[variableName(property as keyof WorkerConfiguration)] = value;
  }
  if (evaluation !== undefined) given.EVALUATION = evaluation;
  if (evaluation !== undefined && given.EVALUATION_COMMAND !== undefined) {
    throw new PermanentError(
      `evaluation: got ${JSON.stringify(evaluation)} and --command (EVALUATION_COMMAND) ${JSON.stringify(given.EVALUATION_COMMAND)}; allowed is one of them`,
    );
  }
  given.TOTAL_PARAMETERS ??= String(DEFAULT_TOTAL);
  given.TOTAL_WORKERS ??= String(availableParallelism());
  given.WORKER_ID = "0";
  if (given.RESULTS_URL !== undefined && !/^[a-z0-9]+:/.test(given.RESULTS_URL))
    given.RESULTS_URL = `file:${given.RESULTS_URL}`;
  return readConfiguration(given, (property) => OPTIONS[property]?.flags.split(" ")[0] ?? variableName(property));
}
