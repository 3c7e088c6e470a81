import { z } from "zod";
import { PermanentError } from "./errors.ts";
import { formatCount } from "./format.ts";

/** Most parallel pods of an Indexed Job (`maxParallelismForIndexedJob` in Kubernetes' batch validation). */
const MAX_WORKERS = 100_000;
/** Blocks are enumerated in memory by every worker: 10 million take 80 MB and some seconds. */
const MAX_BLOCKS = 10_000_000;

const COLUMN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** What exports and the answers of programs call other things. */
const RESERVED_NAMES = ["parameter", "error", "__proto__"];

/** Whether names can be columns: files, also where the file system does not tell cases apart, and properties. */
export function areColumnNames(names: readonly unknown[]): boolean {
  const distinct = new Set(names.map((name) => String(name).toLowerCase()));
  return (
    names.length > 0 &&
    distinct.size === names.length &&
    names.every((name) => typeof name === "string" && COLUMN_NAME.test(name) && !RESERVED_NAMES.includes(name))
  );
}

function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= least && value <= most)
    .meta({ allowed: `a whole number from ${formatCount(least)} to ${formatCount(most)}` });
}

function duration(unit: string, most: number) {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .refine((value) => value <= most)
    .meta({ allowed: `a number of ${unit} from 0 to ${formatCount(most)}` });
}

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values).meta({ allowed: `one of ${values.join(", ")}` });
}

/**
 * The environment variables of a worker, declared once: the worker reads them, `sweep run` sets them, the Job's ConfigMap
 * is built from them. Property `totalWorkers` is the variable `TOTAL_WORKERS`, and so on.
 */
const variables = {
  /** Which share this worker takes, from 0. Falls back to `JOB_COMPLETION_INDEX`, which Kubernetes sets in an Indexed Job. */
  workerId: wholeNumber(0, MAX_WORKERS - 1),
  /** Into how many shares the parameters are divided. */
  totalWorkers: wholeNumber(1, MAX_WORKERS),
  /** The parameters are 0 to one less than this. */
  totalParameters: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  /** Parameters in a block: what is committed at once, and lost at most by a hard kill. */
  batchSize: wholeNumber(1, 10_000_000),
  /** Milliseconds to sleep before each parameter, to rehearse a slow evaluation. */
  simulateWorkMs: duration("milliseconds", 3_600_000),
  logLevel: oneOf(["trace", "debug", "info", "warn", "error", "silent"]),
  /** The name of a bundled evaluation (`collatz`, `prime`), or the path of a module. */
  evaluation: z.string().min(1).meta({ allowed: "the name of a bundled evaluation, or the path of a module" }),
  /** A program that reads one JSON line per parameter and answers with one; it takes the place of `EVALUATION`. */
  evaluationCommand: z.string().min(1).optional().meta({ allowed: "a command line, such as python3 evaluate.py" }),
  /** The columns of `EVALUATION_COMMAND`, separated by commas; a module declares its own. */
  resultColumns: z
    .string()
    .transform((text) => text.split(","))
    .refine(areColumnNames)
    .optional()
    .meta({
      allowed:
        "different names of letters, digits and _, not parameter or error, separated by commas, such as steps,peak",
    }),
  /** How long one parameter may take, in seconds; 0 is no limit. */
  evaluationTimeoutSeconds: duration("seconds", 1_000_000),
  /** How many failed parameters the worker records before it gives up. */
  maxFailures: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  /** Of the random numbers and of the partition. */
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  partition: oneOf(["block-cyclic", "contiguous"]),
  /** Where the results of this run are; without it, `file:./results/<run>`. */
  resultsUrl: z
    .string()
    .regex(/^(file:.+|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?)$/)
    .optional()
    .meta({ allowed: "file:<directory> or s3://<bucket>/<prefix>" }),
  /** How long S3 may take to answer a request, before it is tried again. */
  s3RequestTimeoutMs: wholeNumber(1, 3_600_000),
} as const;

/** What a variable is where it is not set. Those that are missing here must be set. */
export const DEFAULTS = {
  batchSize: 10_000,
  simulateWorkMs: 0,
  logLevel: "info",
  evaluation: "collatz",
  evaluationTimeoutSeconds: 60,
  maxFailures: 10_000,
  seed: 0,
  partition: "block-cyclic",
  s3RequestTimeoutMs: 20_000,
} as const satisfies Partial<WorkerConfiguration>;

type Variables = typeof variables;

/** A worker's configuration, as read from its environment. */
export type WorkerConfiguration = { readonly [Property in keyof Variables]: z.output<Variables[Property]> };

/** The variable that carries a property: `totalWorkers` is carried by `TOTAL_WORKERS`. */
export function variableName(property: keyof WorkerConfiguration): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/**
 * A configuration as environment variables: what `sweep run` gives its workers, and what the Job's ConfigMap holds.
 * Properties that are undefined are left out.
 */
export function toEnvironment(configuration: Partial<WorkerConfiguration>): Record<string, string> {
  const entries = Object.entries(configuration).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([property, value]) => [variableName(property as keyof WorkerConfiguration), String(value)]),
  );
}

/**
 * Reads a worker's configuration from environment variables.
 *
 * @param nameOf what an error calls a property. @default its variable
 * @throws PermanentError with one line for each variable that is wrong: its name, the value got, what is allowed.
 */
export function readConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  nameOf: (property: keyof WorkerConfiguration) => string = variableName,
): WorkerConfiguration {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [property, schema] of Object.entries(variables) as [keyof Variables, Variables[keyof Variables]][]) {
    const fallback = property === "workerId" ? environment.JOB_COMPLETION_INDEX : undefined;
    const text = environment[variableName(property)] ?? fallback;
    const ifUnset = (DEFAULTS as Partial<Record<keyof Variables, unknown>>)[property];
    if (text === undefined && ifUnset !== undefined) {
      values[property] = ifUnset;
      continue;
    }
    const parsed = schema.safeParse(text);
    if (parsed.success) values[property] = parsed.data;
    else
      problems.push(
        `${nameOf(property)}: got ${text === undefined ? "nothing" : JSON.stringify(text)}; allowed is ${schema.meta()?.allowed}`,
      );
  }
  if (problems.length === 0) problems.push(...checkTogether(values as WorkerConfiguration, nameOf));
  if (problems.length > 0) throw new PermanentError(problems.join("\n"));
  return values as WorkerConfiguration;
}

/** What no variable shows alone. */
function checkTogether(
  configuration: WorkerConfiguration,
  nameOf: (property: keyof WorkerConfiguration) => string,
): string[] {
  const { workerId, totalWorkers, totalParameters, batchSize, evaluationCommand, resultColumns } = configuration;
  const problems: string[] = [];
  if (workerId >= totalWorkers) {
    problems.push(
      `${nameOf("workerId")}: got "${workerId}"; allowed is a whole number below ${nameOf("totalWorkers")}, which is ${totalWorkers}`,
    );
  }
  if (totalParameters / batchSize > MAX_BLOCKS) {
    const least = Math.ceil(totalParameters / MAX_BLOCKS);
    problems.push(
      `${nameOf("batchSize")}: got "${batchSize}"; allowed is ${formatCount(least)} or more, because ${nameOf("totalParameters")} is ` +
        `${formatCount(totalParameters)} and a run has ${formatCount(MAX_BLOCKS)} blocks at most`,
    );
  }
  if (resultColumns !== undefined && evaluationCommand === undefined) {
    problems.push(
      `${nameOf("resultColumns")}: got "${resultColumns.join(",")}"; allowed is only beside ${nameOf("evaluationCommand")}: a module exports its columns`,
    );
  }
  return problems;
}

/** @throws PermanentError where a module's declared columns cannot be file names and property names. */
export function checkColumnNames(columns: unknown): readonly string[] {
  if (Array.isArray(columns) && areColumnNames(columns)) return columns;
  throw new PermanentError(
    `columns: got ${JSON.stringify(columns)}; allowed is a list of different names of letters, digits and _, not parameter or error, such as ["steps", "peak"]`,
  );
}
