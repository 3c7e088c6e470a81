import { z } from "zod";
import { ALLOWED_COLUMN_NAMES, areColumnNames } from "./columns.ts";
import {
  type Defaults,
  declare,
  defaultsOf,
  duration,
  type SettingDeclaration,
  wholeNumber,
  withDefaultsOf,
} from "./declare.ts";
import { LIMITS } from "./limits.ts";
import { oneOf } from "./problems.ts";
import { RESULTS_URL } from "./results-url.ts";
import { LOG_LEVELS, PARTITIONS, type SettingName, type WorkerSettings } from "./worker-settings.ts";

/** The declaration of each setting: schemas, defaults, options, error texts and reference tables all come from here. */
export const SETTINGS = {
  workerId: wholeNumber(0, LIMITS.workers - 1, {
    description: "Number of the share that this worker computes",
    example: 0,
  }),
  totalWorkers: wholeNumber(1, LIMITS.workers, {
    description: "Number of workers",
    example: 3,
    option: { flags: "--workers <number>", defaultText: "one for each core" },
  }),
  totalParameters: wholeNumber(0, Number.MAX_SAFE_INTEGER, {
    description: "Number of parameters, which are the whole numbers from 0 to one less",
    example: 10_000_000,
    option: { flags: "--total <number>", default: 10_000_000 },
  }),
  batchSize: wholeNumber(1, LIMITS.batchSize, {
    description: "Number of parameters in a block, which is computed and committed as a unit",
    example: 10_000,
    default: 10_000,
    option: { flags: "--batch-size <number>" },
  }),
  partition: declare(z.enum(PARTITIONS), {
    description: "How blocks are distributed to workers, block-cyclic or contiguous",
    allowed: oneOf(PARTITIONS),
    example: "block-cyclic",
    default: "block-cyclic",
    // On one machine, workers need no shares.
    option: { flags: "--partition <name>", defaultText: "none, workers take work from one another" },
  }),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER, {
    description: "Seed of the random numbers and of the partition",
    example: 42,
    default: 0,
    option: { flags: "--seed <number>" },
  }),
  evaluation: declare(z.string().min(1), {
    description: "Name of a bundled evaluation, or path of a module",
    allowed: "the name of a bundled evaluation, or the path of a module",
    example: "collatz",
    default: "collatz",
  }),
  evaluationCommand: declare(z.string().regex(/\S/), {
    description: "Command line of a program that evaluates instead of a module",
    allowed: "a command line",
    example: "python3 evaluations/evaluate.py",
    defaultText: "none",
    option: { flags: "--command <command>" },
  }),
  resultColumns: declare(z.array(z.string()).readonly().refine(areColumnNames), {
    description: "Names of the results of the evaluation command, in their order",
    allowed: ALLOWED_COLUMN_NAMES,
    example: ["steps", "peak"],
    defaultText: "one column, value",
    option: { flags: "--columns <names>" },
  }),
  evaluationConcurrency: wholeNumber(1, LIMITS.evaluationConcurrency, {
    description: "Number of parameters that a worker evaluates at the same time, for an evaluation that waits",
    example: 64,
    defaultText: "concurrency of the module, or 1",
    option: { flags: "--concurrency <number>" },
  }),
  evaluationTimeoutSeconds: duration(LIMITS.evaluationTimeoutSeconds, {
    description: "Seconds that one parameter may take, or 0 for no limit",
    unit: "seconds",
    example: 60,
    default: 60,
    option: { flags: "--timeout <seconds>" },
  }),
  memoryLimitMiB: wholeNumber(64, LIMITS.memoryLimitMiB, {
    description: "MiB of memory that a worker may use, its evaluation included",
    unit: "MiB",
    example: 512,
    defaultText: "the limit of the container; `sweep run` divides it by its workers",
    option: { flags: "--memory-limit <MiB>" },
  }),
  stopGraceSeconds: duration(LIMITS.stopGraceSeconds, {
    description:
      "Seconds that the evaluation may take to finish the parameter in work when the worker is asked to stop",
    unit: "seconds",
    example: 20,
    default: 20,
    // Somebody waits at the terminal.
    option: { flags: "--stop-grace <seconds>", default: 0 },
  }),
  maxFailures: wholeNumber(0, Number.MAX_SAFE_INTEGER, {
    description: "Number of failed parameters that a worker records before it gives up",
    example: 100,
    default: 10_000,
    option: { flags: "--max-failures <number>" },
  }),
  resultsUrl: declare(z.string().regex(RESULTS_URL), {
    description: "URL of the run's results, file:<directory> or s3://<bucket>/<prefix>",
    allowed: "file:<directory> or s3://<bucket>/<prefix>",
    example: "s3://bucket/runs/first",
    defaultText: "file:./results/<evaluation>-<hash>",
    option: { flags: "--results <url>" },
  }),
  s3RequestTimeoutMs: wholeNumber(1, LIMITS.s3RequestTimeoutMs, {
    description: "Milliseconds that S3 may take to answer a request, before the worker sends it again",
    unit: "milliseconds",
    example: 20_000,
    default: 20_000,
  }),
  simulateWorkMs: duration(LIMITS.simulateWorkMs, {
    description: "Milliseconds to sleep before each parameter, to rehearse a slow evaluation",
    unit: "milliseconds",
    example: 0.5,
    default: 0,
    option: { flags: "--simulate-work-ms <number>" },
  }),
  logLevel: declare(z.enum(LOG_LEVELS), {
    description: "Least severe messages that a worker logs",
    allowed: oneOf(LOG_LEVELS),
    example: "info",
    default: "info",
    option: { flags: "--log-level <level>" },
  }),
} satisfies { readonly [Name in SettingName]-?: SettingDeclaration<NonNullable<WorkerSettings[Name]>> };

/** The declaration of a setting whose name is known only when the program runs. */
export function declarationOf(name: SettingName): SettingDeclaration<unknown> {
  return SETTINGS[name];
}

/** Names of all settings, in the order of {@link WorkerSettings}. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

type DefaultedSettings = Defaults<typeof SETTINGS, WorkerSettings>;

/** Settings with every constant default applied. */
export type ResolvedWorkerSettings = WorkerSettings & DefaultedSettings;

/** Values of the settings that may be left out. */
export const DEFAULTS = defaultsOf<DefaultedSettings>(SETTINGS);

/** The given settings, and {@link DEFAULTS} for those that are absent or undefined. */
export function withDefaults<T extends Partial<WorkerSettings>>(settings: T): T & DefaultedSettings {
  return withDefaultsOf(settings, DEFAULTS);
}
