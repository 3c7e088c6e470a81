import { type Notation, problemsOf, problemsOfEach } from "./check.ts";
import { type DEFAULTS, type ResolvedWorkerSettings, SETTING_NAMES, SETTINGS, withDefaults } from "./declarations.ts";
import type { Declarations } from "./declare.ts";
import {
  EXECUTOR_SETTING_NAMES,
  EXECUTOR_SETTINGS,
  type ExecutorSettingName,
  type ExecutorSettings,
  type ResolvedExecutorSettings,
  withExecutorDefaults,
} from "./executor-settings.ts";
import { numberIn } from "./numbers.ts";
import { show, throwIfWrong } from "./problems.ts";
import type { SettingName, WorkerSettings } from "./worker-settings.ts";

/** The variables of a process, as in `process.env`. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that carries a setting: `totalWorkers` is carried by `TOTAL_WORKERS`, and `memoryLimitMiB` by `MEMORY_LIMIT_MIB`. */
export function variableName(name: SettingName | ExecutorSettingName): string {
  return name.replace(/[A-Z](?!$)/g, (letter) => `_${letter}`).toUpperCase();
}

/** Settings as environment variables. Settings that are undefined are left out. */
export function toEnvironment(settings: Partial<WorkerSettings> | Partial<ExecutorSettings>): Record<string, string> {
  const values: Readonly<Record<string, unknown>> = { ...settings };
  const names = [...new Set([...SETTING_NAMES, ...EXECUTOR_SETTING_NAMES])];
  const given = names.filter((name) => values[name] !== undefined);
  return Object.fromEntries(given.map((name) => [variableName(name), encode(values[name])]));
}

/**
 * Reads settings from environment variables, and applies the defaults.
 *
 * @param nameOf what errors call a setting. @default its variable
 * @throws PermanentError with one line for each variable that is wrong, in the form of `describeProblem`.
 */
export function readSettings(
  environment: Environment,
  nameOf: Notation["nameOf"] = variableName,
): ResolvedWorkerSettings {
  return withDefaults(readGiven(SETTING_NAMES, environment, nameOf) as WorkerSettings);
}

/**
 * Reads one setting, or its default, for a command that takes no others.
 *
 * @throws PermanentError if the variable is wrong.
 */
export function readSetting<Name extends keyof typeof DEFAULTS>(
  name: Name,
  environment: Environment,
): (typeof DEFAULTS)[Name] {
  return withDefaults(readGiven([name], environment, variableName))[name];
}

/** As {@link readSettings}, for an executor. */
export function readExecutorSettings(environment: Environment): ResolvedExecutorSettings {
  const settings = readVariables(EXECUTOR_SETTINGS, EXECUTOR_SETTING_NAMES, environment);
  const notation = { nameOf: variableName, show: showVariable };
  throwIfWrong(problemsOfEach(settings, EXECUTOR_SETTINGS, EXECUTOR_SETTING_NAMES, notation));
  return withExecutorDefaults(settings as ExecutorSettings);
}

function readGiven(
  names: readonly SettingName[],
  environment: Environment,
  nameOf: Notation["nameOf"],
): Partial<WorkerSettings> {
  const settings = readVariables(SETTINGS, names, environment) as Partial<WorkerSettings>;
  throwIfWrong(problemsOf(settings, names, { nameOf, show: showVariable }));
  return settings;
}

function readVariables<Name extends SettingName | ExecutorSettingName>(
  declarations: Pick<Declarations, Name>,
  names: readonly Name[],
  environment: Environment,
): Partial<Record<Name, unknown>> {
  const entries = names.map((name) => [name, decode(declarations[name].example, textOf(name, environment))]);
  return Object.fromEntries(entries);
}

function textOf(name: SettingName | ExecutorSettingName, environment: Environment): string | undefined {
  const fallback = name === "workerId" ? environment.JOB_COMPLETION_INDEX : undefined;
  return environment[variableName(name)] ?? fallback;
}

/** A text that is no number stays a text, which the schema of the setting refuses. */
function decode(example: unknown, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (Array.isArray(example)) return text.split(",");
  return typeof example === "number" ? (numberIn(text) ?? text) : text;
}

function encode(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

function showVariable(value: unknown): string {
  return show(Array.isArray(value) ? encode(value) : value);
}
