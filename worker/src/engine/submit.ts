import { type ResolvedWorkerSettings, withDefaults } from "../contract/declarations.ts";
import { PermanentError } from "../contract/errors.ts";
import { OtherRunError, type RunIdentity, runName } from "../contract/identity.ts";
import { type Problem, show, throwIfWrong } from "../contract/problems.ts";
import type { EvaluationSource } from "../evaluation/protocol.ts";
import { writeBundle } from "../evaluation/source.ts";
import { countOf, type Range } from "../parameters/ranges.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { isRunName, RUN_NAME, rangeMessage } from "../queue/messages.ts";
import type { Sampled } from "../sampling/sample.ts";
import { openStore, type StoreOptions } from "../stores/open.ts";
import { EvaluationSession } from "../supervisor/evaluation-session.ts";
import { requestClose } from "./closing.ts";
import { prepareRun } from "./prepare.ts";
import { QUEUED_SETTINGS, QueuedRun, type QueuedSettings } from "./queued-run.ts";
import { sourceOf } from "./run-session.ts";
import { dividedFor, measure, type SizeOptions, type Sizing, sizeOf } from "./sizing.ts";

/** Messages in a request to SQS. */
const BATCH = 10;
const PARALLEL_REQUESTS = 8;

/** A run whose identity and evaluation are in the bucket, ready to be given to executors. */
export interface Submission {
  /** The last part of the place of its results. Messages have it. */
  readonly name: string;
  readonly run: QueuedRun;
  readonly identity: RunIdentity;
  readonly settings: QueuedSettings;
  /** The evaluation's bundle as a file, which lasts as long as this process. Undefined for a command. */
  readonly modulePath: string | undefined;
  /** Loads the evaluation for a sample, which ends its process. */
  readonly load: () => Promise<Sampled>;
  /** Ends the process of the evaluation if it is loaded. */
  readonly close: () => void;
}

/** How a run is divided into its first messages. */
export interface SubmitOptions extends SizeOptions {
  /** Whether to send messages also if those of an earlier submission are still in the queue. @default false */
  readonly again?: boolean | undefined;
  /** Called while messages are sent. */
  readonly onSent?: (sent: number, messages: number) => void;
}

/** What a submission has done. */
export interface Submitted {
  /** Parameters that were committed before. */
  readonly committed: number;
  /** Parameters that are missing. */
  readonly pending: number;
  readonly sizing: Sizing;
  readonly messages: number;
  /** Whether nothing was sent, because messages of an earlier submission are still in the queue. */
  readonly isUnderWay: boolean;
}

/**
 * Loads an evaluation, and creates its run in the bucket. Nothing is sent yet.
 *
 * @param resultsRoot the place of all runs of the queue.
 * @param name of the run. @default `<evaluation>-<hash>`
 * @throws PermanentError if the evaluation or the bucket cannot be used, or if the place holds another run.
 */
export async function prepareSubmission(
  configuration: Omit<ResolvedWorkerSettings, "workerId" | "totalWorkers">,
  resultsRoot: string,
  name?: string,
): Promise<Submission> {
  let wanted = name;
  const prepared = await prepareRun(configuration, undefined, (identity) => {
    wanted ??= runName(identity);
    throwIfWrong(problemsOfRunName(wanted));
    return `${resultsRoot.replace(/\/+$/, "")}/${wanted}`;
  }).catch((error) => {
    if (!(error instanceof OtherRunError)) throw error;
    throw new PermanentError(`${error.message}; another --name makes another place`, { cause: error });
  });
  const { identity, store, session, modulePath } = prepared;
  return {
    name: wanted as string,
    run: new QueuedRun(store),
    identity,
    settings: Object.fromEntries(QUEUED_SETTINGS.map((setting) => [setting, configuration[setting]])),
    modulePath,
    load: async () => ({ session, columns: identity.columns }),
    close: () => session.close(),
  };
}

/**
 * Creates a run in the bucket whose evaluation must not be loaded here. It takes the number of executors, since there is no sample.
 *
 * @param url the place of its results.
 * @param bundle undefined for a command.
 * @throws OtherRunError if the place holds another run.
 */
export async function createSubmission(
  url: string,
  identity: RunIdentity,
  bundle: Uint8Array | undefined,
  settings: QueuedSettings,
  options: StoreOptions,
): Promise<Submission> {
  const store = await openStore(url, options);
  await store.create(identity, bundle);
  return withoutSample(new QueuedRun(store), identity, settings);
}

/**
 * As {@link reopenSubmission}, for a process in which the evaluation must not be loaded. It takes the number of executors.
 *
 * @throws PermanentError if no run was submitted there.
 */
export async function findSubmission(url: string, options: StoreOptions): Promise<Submission> {
  const run = new QueuedRun(await openStore(url, options));
  const { settings } = await run.read();
  return withoutSample(run, (await run.reader()).identity, settings);
}

function withoutSample(run: QueuedRun, identity: RunIdentity, settings: QueuedSettings): Submission {
  const load = () => Promise.reject(new Error("this process must not load the evaluation"));
  return { name: nameOfRun(run.store.url), run, identity, settings, modulePath: undefined, load, close: () => {} };
}

/**
 * Reads everything about a run that was submitted before.
 *
 * @param url the place of its results.
 * @throws PermanentError if no run was submitted there.
 */
export async function reopenSubmission(url: string, options: StoreOptions): Promise<Submission> {
  const run = new QueuedRun(await openStore(url, options));
  const { settings } = await run.read();
  const { identity, bundle } = await run.evaluation();
  let session: EvaluationSession | undefined;
  return {
    name: nameOfRun(run.store.url),
    run,
    identity,
    settings,
    modulePath: bundle === undefined ? undefined : writeBundle(identity.evaluation, bundle),
    load: async () => {
      const { evaluationConcurrency: concurrency, simulateWorkMs } = withDefaults(settings);
      const source = sourceForSample(identity, bundle, settings);
      session = new EvaluationSession({ source, seed: identity.seed, simulateWorkMs, concurrency });
      return { session, columns: await session.start() };
    },
    close: () => session?.close(),
  };
}

function sourceForSample(...run: Parameters<typeof sourceOf>): EvaluationSource {
  try {
    return sourceOf(...run);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    throw new PermanentError(`${error.message}; --executors <number> resumes the run without a sample`, {
      cause: error,
    });
  }
}

/** The name of a run: the last part of the place of its results. */
export function nameOfRun(url: string): string {
  return url.replace(/\/+$/, "").replace(/^.*\//, "");
}

/**
 * Sends what is missing of a run to executors, unless they have it already. Everything is in the bucket before the first message, and
 * messages may come twice, so that a submission that fails is repeated.
 */
export async function submit(
  { name, run, identity, settings, load, close }: Submission,
  queue: MessageQueue,
  options: SubmitOptions,
): Promise<Submitted> {
  try {
    const pending = await run.pendingOf(identity, { start: 0, count: identity.totalParameters });
    const [missing, total] = [countOf(pending), identity.totalParameters];
    if (missing === 0) {
      await run.submit(settings);
      return { committed: total, pending: 0, ...NOTHING_SENT, isUnderWay: false };
    }
    const committed = total - missing;
    if (!options.again && (await isUnderWay(run, queue))) {
      return { committed, pending: missing, ...NOTHING_SENT, isUnderWay: true };
    }
    const sizing = await sizeOf(missing, options, () => measure(load, identity, settings, options));
    const ranges = dividedFor(sizing, pending, options.slots, identity);
    await run.withdrawReceipt();
    await run.submit(settings);
    await sendAll(queue, name, ranges, options.onSent);
    await run.noteSent(ranges.length);
    return { committed, pending: missing, sizing, messages: ranges.length, isUnderWay: false };
  } finally {
    close();
  }
}

/** Asks an executor for the receipt of a complete run, unless there is one. @returns whether there is one. */
export async function closeSubmitted({ run, name }: Submission, queue: MessageQueue): Promise<boolean> {
  if (await run.hasReceipt()) return true;
  await requestClose(run, name, queue);
  return false;
}

const NOTHING_SENT = { sizing: { coreSeconds: undefined, isLeast: false, executors: 0 }, messages: 0 } as const;

/**
 * Whether executors have got everything that is missing of a run, and the queue is not empty. Other runs may have messages in it, too. A run
 * of which the queue has lost messages is then sent again by `sweep resume` only.
 */
export async function isUnderWay(run: QueuedRun, queue: MessageQueue): Promise<boolean> {
  if (!(await run.isSent())) return false;
  const { waiting, inFlight, delayed } = await queue.counts();
  return waiting + inFlight + delayed > 0;
}

async function sendAll(
  queue: MessageQueue,
  name: string,
  ranges: readonly Range[],
  onSent: SubmitOptions["onSent"],
): Promise<void> {
  let [next, sent] = [0, 0];
  const lane = async () => {
    while (next < ranges.length) {
      const batch = ranges.slice(next, next + BATCH);
      next += BATCH;
      await queue.send(batch.map((range) => rangeMessage(name, range)));
      sent += batch.length;
      onSent?.(sent, ranges.length);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, lane));
}

/** The problem of a run's name that messages cannot have. @param path what the user calls it. */
export function problemsOfRunName(name: string, path = "--name"): Problem[] {
  if (isRunName(name)) return [];
  return [{ path: [path], allowed: RUN_NAME, got: show(name), fix: "give the run another name" }];
}
