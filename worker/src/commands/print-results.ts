import { PermanentError } from "../contract/errors.ts";
import { countNoun, describeSeconds, formatCount, shellWord } from "../contract/format.ts";
import type { RunIdentity } from "../contract/identity.ts";
import type { WorkerSettings } from "../contract/worker-settings.ts";
import { importEvaluation } from "../evaluation/module.ts";
import { ResultStatistics, summarize } from "../results/summary.ts";
import { openToVerify, verifyWhile } from "../results/verify.ts";
import type { StoreOptions } from "../stores/open.ts";
import type { Failure } from "../stores/store.ts";
import { removeSignalHandlers } from "./signals.ts";

const SHOWN_FAILURES = 5;

/** A run in which every parameter is committed. */
export interface ComputedRun {
  readonly identity: RunIdentity;
  readonly resultsUrl: string;
  /** The evaluation's bundle as a file. Undefined for a command. */
  readonly modulePath: string | undefined;
  /** Parameters that were computed since the command was started. */
  readonly computed: number;
  /** The time for which they were computed. */
  readonly seconds: number;
  /** The option that gives the run another place. */
  readonly placeOption: "--results" | "--name";
}

/** The settings with which a reader of an error repeats a parameter. */
type ReplaySettings = Pick<WorkerSettings, "evaluationCommand" | "resultColumns">;

/**
 * Verifies a run, writes its receipt, and prints both and the summary of the results. A signal that comes after the receipt ends the
 * process at once.
 *
 * @param lines printed above the others, when the run is verified.
 * @throws PermanentError if no parameter has a result.
 */
export async function printResults(
  run: ComputedRun,
  settings: ReplaySettings & StoreOptions,
  lines: readonly string[],
): Promise<void> {
  const { identity, resultsUrl, modulePath, computed, seconds } = run;
  const verifyingAt = performance.now();
  const reader = await openToVerify(resultsUrl, settings);
  const statistics = new ResultStatistics(reader.identity.columns);
  const { receipt, failures } = await verifyWhile(reader, async (stretches) => {
    for await (const stretch of stretches) statistics.add(stretch);
  });
  const verifySeconds = (performance.now() - verifyingAt) / 1000;
  for (const line of lines) print(line);
  print(
    `Total: ${countNoun(receipt.totalParameters, "parameter")}, each exactly once, verified in ${verifySeconds.toFixed(2)} s`,
  );
  const perSecond = formatCount(Math.round(computed / seconds));
  print(
    computed === 0
      ? "Computed: nothing, every parameter was committed already"
      : `Computed: ${formatCount(computed)} in ${describeSeconds(seconds)}, ${perSecond} a second`,
  );
  print(`Failed: ${formatCount(receipt.failed)}`);
  for (const { parameter, error } of failures.slice(0, SHOWN_FAILURES))
    print(`  parameter ${formatCount(parameter)}: ${error}`);
  if (receipt.failed > SHOWN_FAILURES)
    print(`  and ${formatCount(receipt.failed - SHOWN_FAILURES)} more in failures.jsonl`);
  // A user's `summarize` may never return.
  removeSignalHandlers();
  const module = modulePath === undefined ? undefined : await importEvaluation(modulePath, identity.evaluation);
  print(await summarize(reader, statistics, module?.summarize));
  for (const [name, { sha256 }] of Object.entries(receipt.columns)) print(`${name} sha256 ${sha256}`);
  if (receipt.present === 0) throwIfAllFailed(failures, settings, run);
}

/** @throws PermanentError with the first failure, if there is one. */
function throwIfAllFailed(
  [first]: readonly Failure[],
  { evaluationCommand, resultColumns }: ReplaySettings,
  { identity: { totalParameters }, resultsUrl: url, placeOption }: ComputedRun,
): void {
  if (first === undefined) return;
  const command = evaluationCommand === undefined ? "" : ` --command ${shellWord(evaluationCommand)}`;
  const columns = resultColumns === undefined ? "" : ` --columns ${resultColumns.join(",")}`;
  throw new PermanentError(
    `no parameter has a result, ${totalParameters === 1 ? "the only one" : `all ${formatCount(totalParameters)}`} failed. Parameter ${first.parameter}: ${first.error}\n` +
      `sweep replay ${first.parameter} --results ${shellWord(url)}${command}${columns} evaluates it in the foreground. ` +
      `The failures are kept: a changed evaluation is another run, and to repeat the same one use another ${placeOption}`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
