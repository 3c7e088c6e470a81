import type { Command } from "commander";
import { EXIT_CODE, type ExitCode, PermanentError } from "../contract/errors.ts";
import { describeSeconds, formatCount } from "../contract/format.ts";
import type { WorkerConfiguration } from "../contract/settings.ts";
import { LocalJob } from "../engine/local-job.ts";
import { type PreparedRun, prepareRun } from "../engine/run.ts";
import { importEvaluation } from "../evaluation/module.ts";
import { countOf } from "../parameters/ranges.ts";
import { summarize } from "../results/summary.ts";
import type { Failure } from "../stores/store.ts";
import { configurationOf } from "./options.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { verifyComplete } from "./verify.ts";

const SHOWN_FAILURES = 5;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `sweep run`: the whole of a run on this machine. Started again, it goes on where it was. */
export async function runCommand(evaluation: string | undefined, command: Command): Promise<ExitCode> {
  const configuration = configurationOf(evaluation, command);
  let stoppedBy: NodeJS.Signals | undefined;
  let job: LocalJob | undefined;
  const interrupted = () => (stoppedBy === "SIGINT" ? EXIT_CODE.INTERRUPTED : EXIT_CODE.TERMINATED);
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // Before the first worker there is nothing to commit, and who presses Ctrl-C twice does not want to wait.
      const exitsAtOnce = job === undefined || stoppedBy !== undefined;
      stoppedBy ??= signal;
      if (exitsAtOnce) process.exit(interrupted());
      job?.stop();
    });
  }
  const run = await prepareRun(configuration);
  // The workers load the evaluation themselves.
  run.session.close();
  const { committed } = await run.store.progress();
  printStart(configuration, run, countOf(committed));
  job = new LocalJob({
    ...configuration,
    evaluation: run.modulePath ?? configuration.evaluation,
    resultsUrl: run.store.url,
  });
  const startedAt = performance.now();
  const code = await runWithDisplay(job, configuration);
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== EXIT_CODE.DONE) {
    const { committed: done } = await run.store.progress();
    const resumes = code === EXIT_CODE.PERMANENT ? "" : "; the same command resumes";
    print(
      `Stopped: ${formatCount(countOf(done))} of ${formatCount(configuration.totalParameters)} parameters are committed${resumes}.`,
    );
    return stoppedBy === undefined ? (code as ExitCode) : interrupted();
  }
  // What remains commits nothing: a signal ends it at once, also while a user's `summarize` does not return.
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  const { receipt, failures } = await printResults(job, run, seconds);
  if (receipt.present === 0) throwIfAllFailed(failures, configuration, run.store.url);
  return EXIT_CODE.DONE;
}

/** @throws PermanentError where there are failures, with the first of them. */
function throwIfAllFailed(
  [first]: readonly Failure[],
  { totalParameters, evaluationCommand, resultColumns }: WorkerConfiguration,
  url: string,
): void {
  if (first === undefined) return;
  const command = evaluationCommand === undefined ? "" : ` --command ${shellWord(evaluationCommand)}`;
  const columns = resultColumns === undefined ? "" : ` --columns ${resultColumns.join(",")}`;
  throw new PermanentError(
    `no parameter has a result: got ${formatCount(totalParameters)} failures, the first of parameter ${first.parameter}: ${first.error}\n` +
      `sweep replay ${first.parameter} --results ${shellWord(url)}${command}${columns} evaluates it in the foreground. ` +
      "What failed is kept: an evaluation that was changed is another run, and the same one needs another --results",
  );
}

/** A word of a command line that can be pasted. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function runWithDisplay(job: LocalJob, configuration: WorkerConfiguration): Promise<number> {
  const display = new ProgressDisplay(configuration.totalParameters);
  const limit = configuration.maxFailures;
  let isOverLimit = false;
  const update = () => {
    const { done, computed, failed } = totals(job);
    display.update(done, computed, failed);
    if (failed <= limit || isOverLimit) return;
    isOverLimit = true;
    display.print(`More than ${formatCount(limit)} parameters failed, which is what --max-failures allows.`);
    job.stop();
  };
  job.on("message", (line) => display.print(line));
  job.on("progress", update);
  // Lines and the bar go on while a slow evaluation reports nothing.
  const timer = setInterval(update, 1000);
  try {
    const code = await job.run();
    return isOverLimit ? EXIT_CODE.PERMANENT : code;
  } finally {
    clearInterval(timer);
    display.end();
  }
}

function totals(job: LocalJob): { done: number; computed: number; failed: number } {
  let [done, computed, failed] = [0, 0, 0];
  for (const worker of job.progress.values()) {
    done += worker.resumed + worker.committed + worker.inBlock;
    computed += worker.committed + worker.inBlock;
    failed += worker.failed;
  }
  return { done, computed, failed };
}

function printStart(configuration: WorkerConfiguration, { identity, store }: PreparedRun, committed: number): void {
  const { totalParameters, totalWorkers, partition } = configuration;
  print(
    `${identity.evaluation}: ${formatCount(totalParameters)} parameters, ${formatCount(totalWorkers)} workers, ${partition}, seed ${identity.seed}`,
  );
  print(`Results in ${store.url}`);
  if (committed > 0) print(`Resuming: ${formatCount(committed)} parameters are committed already.`);
}

async function printResults(job: LocalJob, run: PreparedRun, seconds: number) {
  const reader = await run.store.read();
  const verifyingAt = performance.now();
  const verification = await verifyComplete(reader);
  const { receipt, failures } = verification;
  const verifySeconds = (performance.now() - verifyingAt) / 1000;
  const workers = [...job.progress].sort(([a], [b]) => a - b);
  for (const [index, { share, resumed }] of workers) {
    const earlier = resumed === 0 ? "" : ` (${formatCount(resumed)} of them earlier)`;
    print(`[WORKER ${index}] Processed: ${formatCount(share)} parameters${earlier}`);
  }
  const { computed } = totals(job);
  print(
    `Total: ${formatCount(receipt.totalParameters)} parameters, each exactly once, verified in ${verifySeconds.toFixed(2)} s`,
  );
  const perSecond = formatCount(Math.round(computed / seconds));
  print(
    computed === 0
      ? "Computed: nothing, it was all there"
      : `Computed: ${formatCount(computed)} in ${describeSeconds(seconds)}, ${perSecond} a second`,
  );
  print(`Failed: ${formatCount(receipt.failed)}`);
  for (const { parameter, error } of failures.slice(0, SHOWN_FAILURES))
    print(`  parameter ${formatCount(parameter)}: ${error}`);
  if (failures.length > SHOWN_FAILURES)
    print(`  and ${formatCount(failures.length - SHOWN_FAILURES)} more in failures.jsonl`);
  const module =
    run.modulePath === undefined ? undefined : await importEvaluation(run.modulePath, run.identity.evaluation);
  print(await summarize(reader, module?.summarize));
  for (const [name, { sha256 }] of Object.entries(receipt.columns)) print(`${name} sha256 ${sha256}`);
  return verification;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
