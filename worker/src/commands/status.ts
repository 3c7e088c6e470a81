import { countNoun, formatCount, shellWord } from "../contract/format.ts";
import { type Problem, throwIfWrong } from "../contract/problems.ts";
import { DEAD_LETTER_LEASE_SECONDS, type DeadLetters, lookForDeadLetters } from "../engine/dead-letters.ts";
import { QueuedRun, type Stop } from "../engine/queued-run.ts";
import { nameOfRun } from "../engine/submit.ts";
import { describeStop } from "../engine/waiting.ts";
import { endOf } from "../parameters/ranges.ts";
import type { QueueCounts } from "../queue/message-queue.ts";
import { type RunProgress, readProgress } from "../results/progress.ts";
import { openStore } from "../stores/open.ts";
import { storeOptions } from "./options.ts";
import { askAll, openQueue, queueQuestion, resumeCommandOf } from "./queue-reach.ts";
import { problemsOfQueueUrl } from "./submit-options.ts";

interface Options {
  readonly json?: boolean;
  readonly queue?: string;
  readonly deadLetterQueue?: string;
}

/** What a run on a queue has beside its counts. */
interface QueueStatus {
  readonly state: "not submitted" | "working" | "cancelled" | "failed" | "complete" | "verified";
  readonly stop: Stop | undefined;
  /** The messages of the queue, those of other runs included. */
  readonly queue: QueueCounts | undefined;
  readonly deadLetters: DeadLetters | undefined;
}

/** `sweep status`: how far a run is, counted in parameters, and what its queue has of it. */
export async function statusCommand(url: string, options: Options): Promise<void> {
  throwIfWrong(problemsOf(options));
  const queues = await queuesOf(options);
  const progress = await readProgress(url, storeOptions());
  const status = await queueStatus(progress, queues);
  const { identity, resultsUrl, ...counts } = progress;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ results: resultsUrl, ...identity, ...counts, ...forJson(status) })}\n`);
    return;
  }
  const { total, remaining } = counts;
  const percent = total === 0 ? 100 : Math.floor(((total - remaining) / total) * 1000) / 10;
  const lines = [
    `${identity.evaluation}, seed ${identity.seed}, in ${resultsUrl}`,
    ...Object.entries(counts).map(([name, count]) => `${name.padEnd(10)} ${formatCount(count).padStart(15)}`),
    `${percent} % done`,
    ...(status === undefined ? [] : describeQueueStatus(status, resultsUrl, options)),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function problemsOf({ queue, deadLetterQueue }: Options): Problem[] {
  return [
    ...problemsOfQueueUrl("--queue", queue, true),
    ...problemsOfQueueUrl("--dead-letter-queue", deadLetterQueue, true),
  ];
}

async function queuesOf({ queue: queueUrl, deadLetterQueue }: Options) {
  const queue = queueUrl === undefined ? undefined : await openQueue(queueUrl);
  const dead = deadLetterQueue === undefined ? undefined : await openQueue(deadLetterQueue, DEAD_LETTER_LEASE_SECONDS);
  await askAll([
    ...(queue === undefined ? [] : [queueQuestion("--queue", queue)]),
    ...(dead === undefined ? [] : [queueQuestion("--dead-letter-queue", dead)]),
  ]);
  return { queue, dead };
}

/** Undefined for a run that has nothing to do with a queue. */
async function queueStatus(
  { resultsUrl, remaining }: RunProgress,
  { queue, dead }: Awaited<ReturnType<typeof queuesOf>>,
): Promise<QueueStatus | undefined> {
  const run = new QueuedRun(await openStore(resultsUrl, storeOptions()));
  const file = await run.find();
  if (file === undefined && queue === undefined && dead === undefined) return undefined;
  const stop = file?.stop;
  const open = file === undefined ? "not submitted" : (stop?.kind ?? "working");
  return {
    state: remaining > 0 ? open : (await run.hasReceipt()) ? "verified" : "complete",
    stop: remaining === 0 ? undefined : stop,
    queue: await queue?.counts(),
    deadLetters: dead === undefined ? undefined : await lookForDeadLetters(dead, nameOfRun(resultsUrl)),
  };
}

function forJson(status: QueueStatus | undefined): object {
  if (status === undefined) return {};
  const { deadLetters, ...rest } = status;
  if (deadLetters === undefined) return rest;
  const { ofRun, others } = deadLetters;
  return { ...rest, deadLetters: { ofRun: ofRun.map(({ message, receives }) => ({ ...message, receives })), others } };
}

function describeQueueStatus(
  { state, stop, queue, deadLetters }: QueueStatus,
  url: string,
  { queue: queueUrl, deadLetterQueue }: Options,
): string[] {
  const resume = resumeCommandOf(url, queueUrl);
  const states = {
    "not submitted": "never submitted to a queue: it has no sweep.json",
    working: "submitted",
    complete: "complete, and not verified yet",
    verified: "complete and verified: receipt.json",
  };
  const lines =
    stop === undefined ? [states[state as keyof typeof states]] : [describeStop(stop), `${resume} goes on with it.`];
  if (queue !== undefined) {
    const { waiting, inFlight, delayed } = queue;
    lines.push(
      `queue: ${countNoun(waiting, "message")} waiting, ${formatCount(inFlight)} in work, ${formatCount(delayed)} delayed, those of other runs included`,
    );
  }
  if (deadLetters === undefined) return lines;
  lines.push(...describeDeadLetters(deadLetters, url));
  if (deadLetters.ofRun.length > 0) {
    const command = `${resume} --dead-letter-queue ${shellWord(deadLetterQueue as string)}`;
    lines.push(`${command} deletes those of this run, and sends what is missing again.`);
  }
  return lines;
}

function describeDeadLetters({ ofRun, others }: DeadLetters, url: string): string[] {
  const rest = others === 0 ? [] : [`${countNoun(others, "dead message")} of other runs, versions or programs`];
  if (ofRun.length === 0) return ["no dead message of this run", ...rest];
  const ranges = ofRun.map(({ message, receives }) => {
    const received = `received ${countNoun(receives, "time")}`;
    if (message.format === "sweep-close/1")
      return `  verification, ${received}: sweep verify ${shellWord(url)} tells why`;
    return `  parameters ${formatCount(message.start)} to ${formatCount(endOf(message) - 1)}, ${received}`;
  });
  return [`${countNoun(ofRun.length, "dead message")} of this run:`, ...ranges, ...rest];
}
