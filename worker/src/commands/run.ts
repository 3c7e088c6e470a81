import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { EXIT_CODE, type ExitCode, SweepError } from "../contract/errors.ts";
import { countAre, countNoun, formatCount } from "../contract/format.ts";
import { type FinishedRun, LocalJob, type StartedRun } from "../engine/local-job.ts";
import type { LocalSettings } from "../engine/options.ts";
import { readProgress } from "../results/progress.ts";
import { settingsOf } from "./options.ts";
import { printResults } from "./print-results.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { replaceHandlers, SIGNALS } from "./signals.ts";

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
  let finished: FinishedRun | undefined;
  const interrupted = () => (stoppedBy === "SIGINT" ? EXIT_CODE.INTERRUPTED : EXIT_CODE.TERMINATED);
  for (const signal of SIGNALS) {
    // In place of the handler of start.ts.
    replaceHandlers(signal, () => {
      // Exit immediately if no worker has started, if everything is committed, or on a second Ctrl-C.
      const exitsAtOnce = started === undefined || finished !== undefined || stoppedBy !== undefined;
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
  try {
    finished = await runWithDisplay(job, stopping.signal);
  } catch (error) {
    // Before the start nobody has seen the message. Afterwards it was shown above the progress.
    if (started === undefined || !(error instanceof SweepError)) throw error;
    const resumes = error.exitCode === EXIT_CODE.PERMANENT ? "" : "; the same command resumes";
    print(`Stopped${await describeCommitted((started as StartedRun).resultsUrl, settings)}${resumes}.`);
    return stoppedBy === undefined ? error.exitCode : interrupted();
  }
  await printResults(
    {
      ...finished,
      computed: job.progress.computed,
      seconds: (performance.now() - startedAt) / 1000,
      placeOption: "--results",
    },
    settings,
    linesOf(finished),
  );
  return EXIT_CODE.DONE;
}

/** Counts what is committed. A bucket that does not answer must neither delay the end of a stopped run nor hide its error. */
async function describeCommitted(url: string, settings: LocalSettings): Promise<string> {
  const counting = readProgress(url, settings).catch(() => undefined);
  const progress = await Promise.race([counting, setTimeout(COUNT_WITHIN_MS, undefined, { ref: false })]);
  if (progress === undefined) return "";
  const { total, remaining } = progress;
  return `: ${formatCount(total - remaining)} of ${countNoun(total, "parameter")} ${total - remaining === 1 ? "is" : "are"} committed`;
}

/** What each worker has done. */
function linesOf(run: FinishedRun): string[] {
  const workers = [...run.workers].sort(([a], [b]) => a - b);
  const lines = workers.map(([index, { share, resumed }]) => {
    const earlier = resumed === 0 ? "" : ` (${formatCount(resumed)} of them earlier)`;
    return `[WORKER ${index}] Processed: ${countNoun(share, "parameter")}${earlier}`;
  });
  const earlier = run.resumed - workers.reduce((sum, [, { resumed }]) => sum + resumed, 0);
  return earlier > 0 ? [...lines, `Earlier: ${countNoun(earlier, "parameter")}`] : lines;
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
    `${identity.evaluation}: ${countNoun(totalParameters, "parameter")}, ${countNoun(totalWorkers, "worker")}, ${partition ?? "work stealing"}, seed ${identity.seed}`,
  );
  print(`Results in ${resultsUrl}`);
  if (resumed > 0) print(`Resuming: ${countAre(resumed, "parameter")} committed already.`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
