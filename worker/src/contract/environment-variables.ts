import { type Notation, problemsOf } from "./check.ts";
import {
  type DEFAULTS,
  declarationOf,
  type ResolvedWorkerSettings,
  SETTING_NAMES,
  withDefaults,
} from "./declarations.ts";
import { PermanentError } from "./errors.ts";
import { describeProblem, show } from "./problems.ts";
import type { SettingName, WorkerSettings } from "./worker-settings.ts";

/** The variable that carries a setting: `totalWorkers` is carried by `TOTAL_WORKERS`, and `memoryLimitMiB` by `MEMORY_LIMIT_MIB`. */
export function variableName(name: SettingName): string {
  return name.replace(/[A-Z](?!$)/g, (letter) => `_${letter}`).toUpperCase();
}

/** Settings as environment variables. Settings that are undefined are left out. */
export function toEnvironment(settings: Partial<WorkerSettings>): Record<string, string> {
  const given = SETTING_NAMES.filter((name) => settings[name] !== undefined);
  return Object.fromEntries(given.map((name) => [variableName(name), encode(settings[name])]));
}

/**
 * Reads settings from environment variables, and applies the defaults.
 *
 * @param nameOf what errors call a setting. @default its variable
 * @throws PermanentError with one line for each variable that is wrong, as {@link describeProblem} writes it.
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
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
  environment: Readonly<Record<string, string | undefined>>,
): (typeof DEFAULTS)[Name] {
  return withDefaults(readGiven([name], environment, variableName))[name];
}

function readGiven(
  names: readonly SettingName[],
  environment: Readonly<Record<string, string | undefined>>,
  nameOf: Notation["nameOf"],
): Partial<WorkerSettings> {
  const entries = names.map((name) => [name, decode(name, textOf(name, environment))]);
  const settings: Partial<WorkerSettings> = Object.fromEntries(entries);
  const notation = { nameOf, show: (value: unknown) => show(Array.isArray(value) ? encode(value) : value) };
  const problems = problemsOf(settings, names, notation);
  if (problems.length > 0) throw new PermanentError(problems.map(describeProblem).join("\n"));
  return settings;
}

function textOf(name: SettingName, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const fallback = name === "workerId" ? environment.JOB_COMPLETION_INDEX : undefined;
  return environment[variableName(name)] ?? fallback;
}

/** A number as JavaScript writes it, `1e-7` included, but not `0x10`, an empty text or `Infinity`. */
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** A text that is no number stays a text, which the schema of the setting refuses. */
function decode(name: SettingName, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const { example } = declarationOf(name);
  if (Array.isArray(example)) return text.split(",");
  return typeof example === "number" && NUMBER.test(text) ? Number(text) : text;
}

function encode(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}
