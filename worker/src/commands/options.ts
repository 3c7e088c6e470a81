import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { declarationOf, type ResolvedWorkerSettings, SETTING_NAMES, SETTINGS } from "../contract/declarations.ts";
import type { OptionDeclaration } from "../contract/declare.ts";
import { readSetting, readSettings, toEnvironment, variableName } from "../contract/environment-variables.ts";
import { PermanentError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { NUMBER_SPELLINGS } from "../contract/numbers.ts";
import { describeProblem, show } from "../contract/problems.ts";
import { hasScheme } from "../contract/results-url.ts";
import type { SettingName } from "../contract/worker-settings.ts";
import type { StoreOptions } from "../stores/open.ts";

/** The settings that `sweep run` takes as options. */
export const RUN_OPTIONS = SETTING_NAMES.filter((name) => declarationOf(name).option !== undefined);

/** Adds the options of the given settings. An environment variable applies where its option is not given. */
export function addOptions(command: Command, names: readonly SettingName[]): void {
  for (const name of names) {
    const { flags } = declarationOf(name).option as OptionDeclaration<unknown>;
    const text = `${declarationOf(name).description} (default: ${defaultTextOf(name)})`;
    command.addOption(new Option(flags, text).env(variableName(name)).argParser(String));
  }
  command.addHelpText("after", `\n${NUMBER_SPELLINGS}`);
}

/**
 * The settings of a run on this machine. Each worker of the run gets a number of its own in place of `workerId`.
 *
 * @param defaults environment variables that apply where neither an option nor the environment sets a value.
 * @throws PermanentError that names each wrong option or variable, the value and what is allowed.
 */
export function settingsOf(
  evaluation: string | undefined,
  command: Command,
  defaults: Readonly<Record<string, string>> = {},
): ResolvedWorkerSettings {
  const given: Record<string, string | undefined> = {
    ...toEnvironment({
      totalParameters: SETTINGS.totalParameters.option.default,
      totalWorkers: availableParallelism(),
      stopGraceSeconds: SETTINGS.stopGraceSeconds.option.default,
    }),
    ...defaults,
    ...process.env,
  };
  for (const name of RUN_OPTIONS) {
    const option = command.options.find((candidate) => candidate.flags === declarationOf(name).option?.flags);
    const value = option === undefined ? undefined : command.getOptionValue(option.attributeName());
    if (value !== undefined) given[variableName(name)] = value;
  }
  const program = given[variableName("evaluationCommand")];
  if (evaluation !== undefined) given[variableName("evaluation")] = evaluation;
  if (evaluation !== undefined && program !== undefined) {
    throw new PermanentError(
      describeProblem({
        path: ["evaluation"],
        allowed: "left out beside --command (EVALUATION_COMMAND)",
        got: `${show(evaluation)} and ${show(program)}`,
        fix: "use one of them",
      }),
    );
  }
  given[variableName("workerId")] = "0";
  const url = variableName("resultsUrl");
  const results = given[url];
  if (results !== undefined && !hasScheme(results)) given[url] = `file:${results}`;
  return readSettings(given, (name) => declarationOf(name).option?.flags.split(" ")[0] ?? variableName(name));
}

/** How a command that takes no settings of a run reaches a bucket: a slow one must not need another command than its workers. */
export function storeOptions(): StoreOptions {
  return { s3RequestTimeoutMs: readSetting("s3RequestTimeoutMs", process.env) };
}

/** The default of an option, which may differ from that of the setting. */
function defaultTextOf(name: SettingName): string | undefined {
  const setting = declarationOf(name);
  const value = setting.option?.default ?? (setting.option?.defaultText === undefined ? setting.default : undefined);
  if (value === undefined) return setting.option?.defaultText ?? setting.defaultText;
  return typeof value === "number" ? formatCount(value) : String(value);
}
