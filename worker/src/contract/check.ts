import { DEFAULTS, SETTING_NAMES, SETTINGS } from "./declarations.ts";
import type { SettingDeclaration } from "./declare.ts";
import { problemOfValue } from "./facts.ts";
import { formatCount } from "./format.ts";
import { LIMITS } from "./limits.ts";
import { type Problem, show } from "./problems.ts";
import type { SettingName, WorkerSettings } from "./worker-settings.ts";

/** How problems call settings and write their values. */
export interface Notation<Name extends string = SettingName> {
  readonly nameOf: (name: Name) => string;
  readonly show: (value: unknown) => string;
}

/** As in TypeScript. */
const properties: Notation = { nameOf: (name) => name, show };

/**
 * Everything that is wrong with settings, each problem at the path of its setting.
 *
 * @param names the settings to check; one of them that is required and absent is a problem. @default all
 */
export function problemsOf(
  settings: Partial<WorkerSettings>,
  names: readonly SettingName[] = SETTING_NAMES,
  notation: Notation = properties,
): Problem[] {
  const own = problemsOfEach(settings, SETTINGS, names, notation);
  const wrong = new Set(own.map(({ path: [name] }) => name));
  const isRight = (name: SettingName) => names.includes(name) && !wrong.has(notation.nameOf(name));
  return [...own, ...problemsTogether(settings, isRight, notation)];
}

/** The problems of each setting by itself. */
export function problemsOfEach<Name extends string>(
  settings: Readonly<Partial<Record<Name, unknown>>>,
  declarations: Readonly<Record<Name, SettingDeclaration<unknown>>>,
  names: readonly Name[],
  { nameOf, show }: Notation<Name>,
): Problem[] {
  return names.flatMap((name) => problemOfValue(nameOf(name), settings[name], declarations[name].schema, show));
}

/** Values that are right alone and wrong together. */
function problemsTogether(
  settings: Partial<WorkerSettings>,
  isRight: (name: SettingName) => boolean,
  { nameOf, show }: Notation,
): Problem[] {
  const { workerId = 0, totalWorkers = 1, totalParameters = 0, evaluationCommand, resultColumns } = settings;
  const batchSize = settings.batchSize ?? DEFAULTS.batchSize;
  const problems: Problem[] = [];
  if (isRight("workerId") && isRight("totalWorkers") && workerId >= totalWorkers) {
    problems.push({
      path: [nameOf("workerId")],
      allowed: `a whole number below ${nameOf("totalWorkers")}, which is ${formatCount(totalWorkers)}`,
      got: show(workerId),
      fix: "number the workers from 0",
    });
  }
  if (isRight("totalParameters") && isRight("batchSize") && totalParameters / batchSize > LIMITS.blocks) {
    problems.push({
      path: [nameOf("batchSize")],
      allowed: `${formatCount(Math.ceil(totalParameters / LIMITS.blocks))} or more, because ${nameOf("totalParameters")} is ${formatCount(totalParameters)}`,
      got: show(batchSize),
      fix: `a run has ${formatCount(LIMITS.blocks)} blocks at most; use larger blocks`,
    });
  }
  if (isRight("resultColumns") && resultColumns !== undefined && evaluationCommand === undefined) {
    problems.push({
      path: [nameOf("resultColumns")],
      allowed: `left out unless ${nameOf("evaluationCommand")} is set`,
      got: show(resultColumns),
      fix: "remove it; a module exports its own columns",
    });
  }
  return problems;
}
