import { EXIT_CODE, PermanentError, SweepError, TemporaryError } from "../contract/errors.ts";
import { shellWord } from "../contract/format.ts";
import { describeProblem, type Problem, show } from "../contract/problems.ts";
import { QueuedRun, type SweepFile } from "../engine/queued-run.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { openStore } from "../stores/open.ts";
import { storeOptions } from "./options.ts";

const NO_QUEUE = new Set([
  "AWS.SimpleQueueService.NonExistentQueue",
  "QueueDoesNotExist",
  "InvalidAddress",
  "ENOTFOUND",
]);
const OTHER_REGION = new Set([
  "PermanentRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

/** How long a message that a command receives stays with it. Commands receive none, except from dead-letter queues. */
const UNUSED_LEASE_SECONDS = 60;

/** Opens a queue. Requests to the bucket go to the queue's region, unless the environment names another. */
export async function openQueue(url: string, leaseSeconds = UNUSED_LEASE_SECONDS): Promise<MessageQueue> {
  const region = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(url)?.[1];
  if (region !== undefined) process.env.AWS_REGION ??= region;
  // The AWS SDK takes 0.2 s to load: only users of a queue pay that.
  const { SqsQueue } = await import("../queue/sqs-queue.ts");
  return new SqsQueue(url, leaseSeconds);
}

/** Something to ask of AWS before a command begins, for example whether a queue exists. */
export interface Question {
  readonly ask: () => Promise<unknown>;
  /** The value of the command line that is wrong if the answer is an error, or undefined if the error explains itself. */
  readonly problemOf: (errorName: string) => Problem | undefined;
}

/**
 * Asks at the same time, so that the user sees everything that is wrong at once.
 *
 * @throws SweepError with one line for each error.
 */
export async function askAll(questions: readonly Question[]): Promise<void> {
  const outcomes = await Promise.allSettled(questions.map(({ ask }) => ask()));
  const lines: string[] = [];
  let isPermanent = false;
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") continue;
    const { reason } = outcome;
    if (!(reason instanceof SweepError)) throw reason;
    const problem = questions[index]?.problemOf(nameOf(reason));
    lines.push(problem === undefined ? reason.message : describeProblem(problem));
    isPermanent ||= problem !== undefined || reason.exitCode === EXIT_CODE.PERMANENT;
  }
  if (lines.length === 0) return;
  throw isPermanent ? new PermanentError(lines.join("\n")) : new TemporaryError(lines.join("\n"));
}

/** Whether a queue exists, and this user may read its counts. */
export function queueQuestion(option: string, queue: MessageQueue): Question {
  const fix = "correct the region, the account or the name in it";
  return {
    ask: () => queue.counts(),
    problemOf: (name) =>
      NO_QUEUE.has(name)
        ? { path: [option], allowed: "the URL of a queue that exists", got: show(queue.url), fix }
        : undefined,
  };
}

/** Whether a place in a bucket can be read. @param path what the user calls the place. */
export function bucketQuestion(path: string, url: string, ask: () => Promise<unknown>): Question {
  return {
    ask,
    problemOf: (name) => {
      if (name === "NoSuchBucket") {
        return { path: [path], allowed: "in a bucket that exists", got: show(url), fix: "correct the bucket's name" };
      }
      if (!OTHER_REGION.has(name)) return undefined;
      const [, bucket] = /^s3:\/\/([^/]+)/.exec(url) ?? [];
      const fix = "set it, for example to that of the queue";
      return {
        path: ["AWS_REGION"],
        allowed: `the region of the bucket ${bucket}`,
        got: show(process.env.AWS_REGION),
        fix,
      };
    },
  };
}

/** A run that was submitted, and the questions about it and its queues. */
export class RunToFind {
  readonly url: string;
  #run: QueuedRun | undefined;
  #file: SweepFile | undefined;

  constructor(url: string) {
    this.url = url.replace(/\/+$/, "");
  }

  get run(): QueuedRun {
    return this.#run as QueuedRun;
  }

  get file(): SweepFile {
    return this.#file as SweepFile;
  }

  get question(): Question {
    return bucketQuestion("results", this.url, async () => {
      this.#run = new QueuedRun(await openStore(this.url, storeOptions()));
      this.#file = await this.#run.find();
      if (this.#file !== undefined) return;
      const fix = "it has no sweep.json; name the place that sweep submit has printed, or submit the run again";
      const got = show(this.url);
      throw new PermanentError(
        describeProblem({ path: ["results"], allowed: "the place of a submitted run", got, fix }),
      );
    });
  }
}

/** The command that goes on with a run. @param queueUrl undefined if the user must fill it in. */
export function resumeCommandOf(url: string, queueUrl: string | undefined): string {
  return `sweep resume ${shellWord(url)} --queue ${queueUrl === undefined ? "<url>" : shellWord(queueUrl)}`;
}

/** The name of the error behind one of ours: that of AWS, or of the system. */
function nameOf(error: SweepError): string {
  const { code, name } = (error.cause ?? {}) as { readonly code?: string; readonly name?: string };
  return code ?? name ?? "";
}
