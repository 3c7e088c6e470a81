import type { ResolvedWorkerSettings } from "../contract/declarations.ts";
import { withDefaults } from "../contract/declarations.ts";
import { type RunIdentity, runName } from "../contract/identity.ts";
import { show, throwIfWrong } from "../contract/problems.ts";
import { writeBundle } from "../evaluation/source.ts";
import { countOf, type Range } from "../parameters/ranges.ts";
import { firstRanges, piecesOf } from "../parameters/splitting.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { isRunName, RUN_NAME, rangeMessage } from "../queue/messages.ts";
import { NothingFinishedError, type Sampled, sample } from "../sampling/sample.ts";
import { openStore, type StoreOptions } from "../stores/open.ts";
import { EvaluationSession } from "../supervisor/evaluation-session.ts";
import { requestClose } from "./closing.ts";
import { prepareRun } from "./prepare.ts";
import { QUEUED_SETTINGS, QueuedRun, type QueuedSettings } from "./queued-run.ts";
import { sourceOf } from "./run-session.ts";

/** An executor should have this much to do: a machine takes minutes to start and to go. */
const SECONDS_OF_AN_EXECUTOR = 300;
/** For each slot, so that an executor that starts late, or is slow, finds as much to do as the others. */
const MESSAGES_OF_A_SLOT = 4;
/** A shorter message is not worth an executor of its own. KEDA starts executors by the number of messages. */
const LEAST_SECONDS_OF_A_MESSAGE = 10;
const SAMPLE_SECONDS = 5;
/** A sample without a finished parameter ends after half as long again. */
const SECONDS_WITHOUT_RESULT = 1.5 * SAMPLE_SECONDS;
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
export interface SubmitOptions {
  /** Messages that an executor works on at the same time. */
  readonly slots: number;
  /** Most executors of the queue. */
  readonly maxExecutors: number;
  /** Executors to divide the run for. @default - from a sample of the evaluation on this machine, which takes some seconds */
  readonly executors?: number | undefined;
  /** Whether to send messages also if those of an earlier submission are still in the queue. @default false */
  readonly again?: boolean | undefined;
  /** Called before the sample. */
  readonly onSample?: (seconds: number) => void;
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

/** How much a run has to do, and for how many executors it is divided. */
export interface Sizing {
  /** Seconds of one core of this machine, if there was a sample. */
  readonly coreSeconds: number | undefined;
  /** Whether no parameter was finished in the sample, so that `coreSeconds` is the least that it takes. */
  readonly isLeast: boolean;
  readonly executors: number;
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
    checkRunName(wanted);
    return `${resultsRoot.replace(/\/+$/, "")}/${wanted}`;
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
      const source = sourceOf(identity, bundle, settings);
      session = new EvaluationSession({ source, seed: identity.seed, simulateWorkMs, concurrency });
      return { session, columns: await session.start() };
    },
    close: () => session?.close(),
  };
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

/** Other runs may have messages in the queue, too. A run of which the queue has lost messages is then sent again by `sweep resume` only. */
async function isUnderWay(run: QueuedRun, queue: MessageQueue): Promise<boolean> {
  if (!(await run.isSent())) return false;
  const { waiting, inFlight, delayed } = await queue.counts();
  return waiting + inFlight + delayed > 0;
}

/** Seconds that a parameter takes of one core, or undefined if none was finished. */
async function measure(
  load: Submission["load"],
  { totalParameters, seed }: RunIdentity,
  { evaluationTimeoutSeconds }: QueuedSettings,
  { onSample }: SubmitOptions,
): Promise<number | undefined> {
  const loaded = await load();
  onSample?.(SAMPLE_SECONDS);
  try {
    const sampled = await sample(loaded, { totalParameters, seed, evaluationTimeoutSeconds, seconds: SAMPLE_SECONDS });
    return sampled.secondsPerParameter;
  } catch (error) {
    if (error instanceof NothingFinishedError) return undefined;
    throw error;
  }
}

/** @param measureOne the seconds of a parameter. It is not called if the number of executors is given. */
export async function sizeOf(
  pending: number,
  { executors, slots, maxExecutors }: SubmitOptions,
  measureOne: () => Promise<number | undefined>,
): Promise<Sizing> {
  if (executors !== undefined) return { coreSeconds: undefined, isLeast: false, executors };
  const secondsOfOne = await measureOne();
  const coreSeconds = pending * (secondsOfOne ?? SECONDS_WITHOUT_RESULT);
  const wanted = Math.ceil(coreSeconds / slots / SECONDS_OF_AN_EXECUTOR);
  return {
    coreSeconds,
    isLeast: secondsOfOne === undefined,
    executors: Math.max(1, Math.min(maxExecutors, wanted)),
  };
}

/** The first ranges of a run: disjoint, and together they hold every pending parameter. */
export function dividedFor(
  { executors, coreSeconds = Number.POSITIVE_INFINITY }: Sizing,
  pending: readonly Range[],
  slots: number,
  { batchSize, seed }: Pick<RunIdentity, "batchSize" | "seed">,
): Range[] {
  const worthwhile = Math.max(1, Math.ceil(coreSeconds / LEAST_SECONDS_OF_A_MESSAGE));
  const pieces = Math.min(MESSAGES_OF_A_SLOT * slots * executors, worthwhile);
  // What is left of a stopped run may be thousands of small gaps. A message then reaches over several of them.
  return pending.length > pieces ? piecesOf(pending, pieces) : firstRanges(pending, { pieces, batchSize, seed });
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

function checkRunName(name: string): void {
  if (isRunName(name)) return;
  throwIfWrong([{ path: ["--name"], allowed: RUN_NAME, got: show(name), fix: "give the run another name" }]);
}
