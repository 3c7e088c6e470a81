import { EXIT_CODE, type ExitCode, SweepError } from "../contract/errors.ts";
import { countAre, countNoun, describeSeconds, formatCount, shellWord } from "../contract/format.ts";
import type { JobProgress } from "../engine/local-job.ts";
import { closeSubmitted, type Submission, type SubmitOptions, type Submitted, submit } from "../engine/submit.ts";
import { StoppedRunError, waitUntilComplete } from "../engine/waiting.ts";
import type { MessageQueue, QueueCounts } from "../queue/message-queue.ts";
import { storeOptions } from "./options.ts";
import { printResults } from "./print-results.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { resumeCommandOf } from "./queue-reach.ts";
import { replaceHandlers, SIGNALS } from "./signals.ts";
import type { Sizes } from "./submit-options.ts";

/** Gives a run to executors, and says what that means. With `wait`, ends when the run is verified. */
export async function carryOut(
  submission: Submission,
  queue: MessageQueue,
  sizes: Sizes,
  { wait, again }: { readonly wait: boolean; readonly again: boolean },
): Promise<ExitCode> {
  const { identity, run, name } = submission;
  const [url, total] = [run.store.url, identity.totalParameters];
  print(`${identity.evaluation}: ${countNoun(total, "parameter")}, seed ${identity.seed}, run ${name}`);
  print(`Results in ${url}`);
  const submitted = await submitWithDisplay(submission, queue, { ...sizes, again });
  const { committed } = submitted;
  if (committed > 0) print(`Resuming: ${countAre(committed, "parameter")} committed already.`);
  if (submitted.isUnderWay) {
    print("It is under way: its messages were sent before, and the queue is not empty.");
    print(`Send what is missing again with  ${resumeCommandOf(url, queue.url)}`);
  } else if (submitted.pending > 0) {
    for (const line of describeSubmitted(submitted, queue.url, sizes)) print(line);
  }
  if (submitted.pending > 0) printCommands(url, queue.url);
  if (wait) await waitAndVerify(submission, queue);
  else if (submitted.pending > 0) return EXIT_CODE.DONE;
  else if (await closeSubmitted(submission, queue)) print(`Complete and verified: ${url}/receipt.json`);
  else print(`Complete. An executor verifies it and writes the receipt; sweep verify ${shellWord(url)} does it here.`);
  return EXIT_CODE.DONE;
}

/** The commands with which a run can be followed and stopped. */
function printCommands(url: string, queueUrl: string): void {
  print(`Follow it with  sweep status ${shellWord(url)} --queue ${shellWord(queueUrl)}`);
  print(`Stop it with    sweep cancel ${shellWord(url)}`);
}

async function submitWithDisplay(
  submission: Submission,
  queue: MessageQueue,
  sizes: SubmitOptions,
): Promise<Submitted> {
  let display: ProgressDisplay | undefined;
  onSignal(() => {
    display?.end();
    print(`${submission.name} is not submitted yet: the same command sends its messages.`);
  });
  try {
    return await submit(submission, queue, {
      ...sizes,
      onSample: (seconds) =>
        process.stderr.write(`sampling ${submission.identity.evaluation} on this machine for ${seconds} s\n`),
      onSampled: ({ failed, parameters, failures: [first] }) => {
        if (first === undefined) return;
        const counted = `${formatCount(failed)} of ${countNoun(parameters, "parameter")} of the sample failed`;
        process.stderr.write(`warning: ${counted}, for example parameter ${first.parameter}: ${first.error}\n`);
      },
      onSent: (done, totalParameters) => {
        display ??= new ProgressDisplay(totalParameters);
        display.update({ totalParameters, done, computed: done, failed: 0 });
      },
    });
  } finally {
    display?.end();
  }
}

/** @param tell prints what the signal means. It ends displays, too: a terminal gets its cursor back. */
function onSignal(tell: () => void): void {
  for (const signal of SIGNALS) {
    // In place of the handler of start.ts.
    replaceHandlers(signal, () => {
      tell();
      process.exit(signal === "SIGINT" ? EXIT_CODE.INTERRUPTED : EXIT_CODE.TERMINATED);
    });
  }
}

/** What was sent, and why so much. */
export function describeSubmitted(
  { sizing, messages, pending }: Submitted,
  queueUrl: string,
  { slots, maxExecutors }: Pick<Sizes, "slots" | "maxExecutors">,
): string[] {
  const { coreSeconds, isLeast, executors } = sizing;
  const estimate =
    coreSeconds === undefined
      ? []
      : [
          `Estimate: ${isLeast ? "more than " : ""}${describeSeconds(coreSeconds)} of one core for ${countNoun(pending, "parameter")}, from a sample on this machine`,
        ];
  const isLimited = executors > maxExecutors || (coreSeconds !== undefined && executors === maxExecutors);
  const most = isLimited ? ` (the queue has at most ${formatCount(maxExecutors)})` : "";
  return [
    ...estimate,
    `Sent: ${countNoun(messages, "message")} to ${queueUrl}, for ${countNoun(executors, "executor")}${most}, with ${countNoun(slots, "slot")} each`,
  ];
}

async function waitAndVerify({ run, identity, settings, modulePath, name }: Submission, queue: MessageQueue) {
  const startedAt = performance.now();
  const { url } = run.store;
  const display = new ProgressDisplay(identity.totalParameters);
  let isComplete = false;
  const tellHowToFollow = () => {
    print(`The executors go on with ${name}. The same command waits for it again.`);
    printCommands(url, queue.url);
  };
  onSignal(() => {
    display.end();
    if (isComplete) print(`${name} is complete, but not verified: sweep verify ${shellWord(url)} writes its receipt`);
    else tellHowToFollow();
  });
  let last: JobProgress | undefined;
  try {
    await waitUntilComplete(run, {
      queue,
      onProgress: (progress) => {
        last = progress;
        display.update(progress);
      },
      onStalled: (seconds, counts) => display.print(describeStall(seconds, counts, url, queue.url)),
      onTrouble: (error) => display.print(`${error.message}; trying again`),
    });
  } catch (error) {
    display.end();
    if (error instanceof StoppedRunError) print(`${resumeCommandOf(url, queue.url)} goes on with ${name}.`);
    else if (error instanceof SweepError) tellHowToFollow();
    throw error;
  }
  display.end();
  isComplete = true;
  // Executors then leave it alone.
  await run.announceComplete();
  const seconds = (performance.now() - startedAt) / 1000;
  const computed = last?.computed ?? 0;
  await printResults(
    { identity, resultsUrl: url, modulePath, computed, seconds, placeOption: "--name" },
    { ...settings, ...storeOptions() },
    [],
  );
}

/** Why nothing may move, as far as the queue tells it. */
export function describeStall(seconds: number, counts: QueueCounts | undefined, url: string, queueUrl: string): string {
  const still = `nothing was committed for ${describeSeconds(seconds)}`;
  if (counts === undefined) return `${still}, and ${queueUrl} does not tell how many messages it has`;
  const { waiting, inFlight, delayed } = counts;
  const numbers = `${countNoun(waiting + delayed, "message")} waiting and ${formatCount(inFlight)} in work, those of other runs included`;
  if (inFlight > 0) {
    return `${still}: ${numbers}. Executors work on parameters that take long, or end again and again: see their logs`;
  }
  if (waiting + delayed > 0) {
    return `${still}: ${numbers}. No executor takes them: see whether the executors' pods are pending (kubectl get pods), and why (kubectl describe pod)`;
  }
  return `${still}: ${numbers}. Messages may have been given up: sweep status ${shellWord(url)} with --dead-letter-queue names them, and ${resumeCommandOf(url, queueUrl)} sends what is missing again`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
