import type { Command } from "commander";
import type { ResolvedWorkerSettings } from "../contract/declarations.ts";
import { type ExitCode, PermanentError } from "../contract/errors.ts";
import { describeProblem, type Problem } from "../contract/problems.ts";
import { prepareSubmission, problemsOfRunName } from "../engine/submit.ts";
import { openStore } from "../stores/open.ts";
import { settingsOf, storeOptions } from "./options.ts";
import { askAll, bucketQuestion, openQueue, queueQuestion } from "./queue-reach.ts";
import { carryOut } from "./submission.ts";
import { problemsOfQueueUrl, problemsOfRoot, type QueueArguments, type Sizes, sizesOf } from "./submit-options.ts";

interface Options extends QueueArguments {
  readonly name?: string;
}

/** `sweep submit`: gives a run to the executors of a queue. Started again, it sends what is missing. */
export async function submitCommand(evaluation: string | undefined, command: Command): Promise<ExitCode> {
  const options = command.opts<Options>();
  const { settings, sizes, queueUrl, resultsRoot } = check(evaluation, command, options);
  const queue = await openQueue(queueUrl);
  const root = await openStore(resultsRoot, storeOptions());
  await askAll([
    queueQuestion("--queue", queue),
    bucketQuestion("--results-root", resultsRoot, () => root.note("sweep.json").read()),
  ]);
  const submission = await prepareSubmission(settings, resultsRoot, options.name);
  return carryOut(submission, queue, sizes, { wait: options.wait ?? false, again: false });
}

interface Checked {
  readonly settings: ResolvedWorkerSettings;
  readonly sizes: Sizes;
  readonly queueUrl: string;
  readonly resultsRoot: string;
}

/** @throws PermanentError that names everything that is wrong on the command line. */
function check(evaluation: string | undefined, command: Command, options: Options): Checked {
  const { queue, resultsRoot, name } = options;
  const problems: Problem[] = [
    ...problemsOfQueueUrl("--queue", queue),
    ...problemsOfRoot(resultsRoot),
    ...(name === undefined ? [] : problemsOfRunName(name)),
  ];
  const sizes = sizesOf(options, problems);
  const lines = problems.map(describeProblem);
  let settings: ResolvedWorkerSettings | undefined;
  try {
    settings = settingsOf(evaluation, command);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    lines.unshift(error.message);
  }
  if (lines.length > 0) throw new PermanentError(lines.join("\n"));
  return {
    settings: settings as ResolvedWorkerSettings,
    sizes,
    queueUrl: queue as string,
    resultsRoot: resultsRoot as string,
  };
}
