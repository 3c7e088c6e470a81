import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { EXIT_CODE, type ExitCode, PermanentError, SweepError } from "../contract/errors.ts";
import { describeSeconds, formatCount } from "../contract/format.ts";
import { type FinishedRun, LocalJob, type StartedRun } from "../engine/local-job.ts";
import type { LocalSettings } from "../engine/options.ts";
import { importEvaluation } from "../evaluation/module.ts";
import { readProgress } from "../results/progress.ts";
import { ResultStatistics, summarize } from "../results/summary.ts";
import { openToVerify, type VerifiedResults, verifyWhile } from "../results/verify.ts";
import type { Failure } from "../stores/store.ts";
import { settingsOf } from "./options.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { replaceHandlers, SIGNALS } from "./signals.ts";

const SHOWN_FAILURES = 5;
const COUNT_WITHIN_MS = 5_000;

/** `sweep run`: a whole run on this machine. Started again, it resumes. */
export async function runCommand(evaluation: string | undefined, command: Command): Promise<ExitCode> {
  // Neither the option nor the variable: workers take work from one another.
  const isShared = command.getOptionValue("partition") === undefined;
  const given = settingsOf(evaluation, command);
  const settings = { ...given, partition: isShared ? undefined : given.partition };
  const job = new LocalJob(settings);
  const stopping = new AbortController();
  let started: StartedRun | undefined;
  let startedAt = performance.now();
  let stoppedBy: NodeJS.Signals | undefined;
  const interrupted = () => (stoppedBy === "SIGINT" ? EXIT_CODE.INTERRUPTED : EXIT_CODE.TERMINATED);
  for (const signal of SIGNALS) {
    // In place of the handler of start.ts.
    replaceHandlers(signal, () => {
      // Exit immediately if no worker has started, or on a second Ctrl-C.
      const exitsAtOnce = started === undefined || stoppedBy !== undefined;
      stoppedBy ??= signal;
      if (exitsAtOnce) process.exit(interrupted());
      stopping.abort();
    });
  }
  job.on("started", (run) => {
    started = run;
    startedAt = performance.now();
    printStart(settings, run);
  });
  let finished: FinishedRun;
  try {
    finished = await runWithDisplay(job, stopping.signal);
  } catch (error) {
    // Before the start nobody has seen the message. Afterwards it was shown above the progress.
    if (started === undefined || !(error instanceof SweepError)) throw error;
    const resumes = error.exitCode === EXIT_CODE.PERMANENT ? "" : "; the same command resumes";
    print(`Stopped${await describeCommitted((started as StartedRun).resultsUrl, settings)}${resumes}.`);
    return stoppedBy === undefined ? error.exitCode : interrupted();
  }
  // Everything is committed: from here on a signal ends the process at once, even while a user's `summarize` does not return.
  const { receipt, failures } = await printResults(job, finished, (performance.now() - startedAt) / 1000);
  if (receipt.present === 0) throwIfAllFailed(failures, settings, finished.resultsUrl);
  return EXIT_CODE.DONE;
}

/** Counts what is committed. A bucket that does not answer must neither delay the end of a stopped run nor hide its error. */
async function describeCommitted(url: string, settings: LocalSettings): Promise<string> {
  const counting = readProgress(url, settings).catch(() => undefined);
  const progress = await Promise.race([counting, setTimeout(COUNT_WITHIN_MS, undefined, { ref: false })]);
  if (progress === undefined) return "";
  const { total, remaining } = progress;
  return `: ${formatCount(total - remaining)} of ${formatCount(total)} parameters are committed`;
}

/** @throws PermanentError with the first failure, if there is one. */
function throwIfAllFailed(
  [first]: readonly Failure[],
  { totalParameters, evaluationCommand, resultColumns }: LocalSettings,
  url: string,
): void {
  if (first === undefined) return;
  const command = evaluationCommand === undefined ? "" : ` --command ${shellWord(evaluationCommand)}`;
  const columns = resultColumns === undefined ? "" : ` --columns ${resultColumns.join(",")}`;
  throw new PermanentError(
    `no parameter has a result, all ${formatCount(totalParameters)} failed. Parameter ${first.parameter}: ${first.error}\n` +
      `sweep replay ${first.parameter} --results ${shellWord(url)}${command}${columns} evaluates it in the foreground. ` +
      "The failures are kept: a changed evaluation is another run, and to repeat the same one use another --results",
  );
}

/** A word of a command line that can be pasted. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function runWithDisplay(job: LocalJob, signal: AbortSignal): Promise<FinishedRun> {
  let end = () => {};
  job.on("started", () => {
    const display = new ProgressDisplay(job.settings.totalParameters);
    const update = () => display.update(job.progress);
    job.on("message", (line) => display.print(line));
    job.on("progress", update);
    // The display must go on while a slow evaluation reports nothing.
    const timer = setInterval(update, 1000);
    end = () => {
      clearInterval(timer);
      display.end();
    };
  });
  try {
    return await job.run({ signal });
  } finally {
    end();
  }
}

function printStart({ totalParameters, totalWorkers, partition }: LocalSettings, run: StartedRun): void {
  const { identity, resultsUrl, resumed } = run;
  print(
    `${identity.evaluation}: ${formatCount(totalParameters)} parameters, ${formatCount(totalWorkers)} workers, ${partition ?? "work stealing"}, seed ${identity.seed}`,
  );
  print(`Results in ${resultsUrl}`);
  if (resumed > 0) print(`Resuming: ${formatCount(resumed)} parameters are committed already.`);
}

async function printResults(job: LocalJob, run: FinishedRun, seconds: number): Promise<VerifiedResults> {
  const verifyingAt = performance.now();
  const reader = await openToVerify(run.resultsUrl, job.settings);
  const statistics = new ResultStatistics(reader.identity.columns);
  const verified = await verifyWhile(reader, async (stretches) => {
    for await (const stretch of stretches) statistics.add(stretch);
  });
  const { receipt, failures } = verified;
  const verifySeconds = (performance.now() - verifyingAt) / 1000;
  const workers = [...run.workers].sort(([a], [b]) => a - b);
  for (const [index, { share, resumed }] of workers) {
    const earlier = resumed === 0 ? "" : ` (${formatCount(resumed)} of them earlier)`;
    print(`[WORKER ${index}] Processed: ${formatCount(share)} parameters${earlier}`);
  }
  const { computed } = job.progress;
  const earlier = run.resumed - workers.reduce((sum, [, { resumed }]) => sum + resumed, 0);
  if (earlier > 0) print(`Earlier: ${formatCount(earlier)} parameters`);
  print(
    `Total: ${formatCount(receipt.totalParameters)} parameters, each exactly once, verified in ${verifySeconds.toFixed(2)} s`,
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
  const module =
    run.modulePath === undefined ? undefined : await importEvaluation(run.modulePath, run.identity.evaluation);
  print(await summarize(reader, statistics, module?.summarize));
  for (const [name, { sha256 }] of Object.entries(receipt.columns)) print(`${name} sha256 ${sha256}`);
  return verified;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
