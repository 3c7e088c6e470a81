import { PermanentError } from "../contract/errors.ts";
import { allOf } from "../contract/format.ts";
import type { RunIdentity } from "../contract/identity.ts";
import { countOf, type Range } from "../parameters/ranges.ts";
import { firstRanges, piecesOf } from "../parameters/splitting.ts";
import type { Measurement } from "../sampling/measurement.ts";
import { NothingFinishedError, type Sampled, sample } from "../sampling/sample.ts";
import type { QueuedSettings } from "./queued-run.ts";

/** An executor should have this much to do: a machine takes minutes to start and to go. */
const SECONDS_OF_AN_EXECUTOR = 300;
/** For each slot, so that an executor that starts late, or is slow, finds as much to do as the others. */
const MESSAGES_OF_A_SLOT = 4;
/** A shorter message is not worth an executor of its own. KEDA starts executors by the number of messages. */
const LEAST_SECONDS_OF_A_MESSAGE = 10;
const SAMPLE_SECONDS = 5;
/** A sample without a finished parameter ends after half as long again. */
const SECONDS_WITHOUT_RESULT = 1.5 * SAMPLE_SECONDS;

/** What the executors of a queue are, and how a run is measured. */
export interface SizeOptions {
  /** Messages that an executor works on at the same time. */
  readonly slots: number;
  /** Most executors of the queue. */
  readonly maxExecutors: number;
  /** Executors to divide the run for. @default - from a sample of the evaluation on this machine, which takes some seconds */
  readonly executors?: number | undefined;
  /** Called before the sample. */
  readonly onSample?: (seconds: number) => void;
  /** Called after the sample, unless no parameter was finished in it. */
  readonly onSampled?: (measurement: Measurement) => void;
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
 * Measures an evaluation here.
 *
 * @returns the seconds that a parameter takes of one core, or undefined if none was finished.
 * @throws PermanentError if all parameters of the sample have failed.
 */
export async function measure(
  load: () => Promise<Sampled>,
  { totalParameters, seed }: RunIdentity,
  { evaluationTimeoutSeconds }: QueuedSettings,
  { onSample, onSampled }: SizeOptions,
): Promise<number | undefined> {
  const loaded = await load();
  onSample?.(SAMPLE_SECONDS);
  try {
    const sampled = await sample(loaded, { totalParameters, seed, evaluationTimeoutSeconds, seconds: SAMPLE_SECONDS });
    if (sampled.failed === sampled.parameters) throw allFailed(sampled);
    onSampled?.(sampled);
    return sampled.secondsPerParameter;
  } catch (error) {
    if (error instanceof NothingFinishedError) return undefined;
    throw error;
  }
}

/** Machines would be paid for a run without results. */
function allFailed({ parameters, failures: [first] }: Measurement): PermanentError {
  return new PermanentError(
    `${allOf(parameters, "parameter")} of the sample failed. Parameter ${first?.parameter}: ${first?.error}\n` +
      "sweep replay evaluates one in the foreground, and --executors <number> submits the run without a sample",
  );
}

/** @param measureOne the seconds of a parameter. It is not called if the number of executors is given. */
export async function sizeOf(
  pending: number,
  { executors, slots, maxExecutors }: Pick<SizeOptions, "executors" | "slots" | "maxExecutors">,
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
  // What is left of a stopped run may be thousands of small gaps: a message then reaches over several of them. And the few blocks of a slow
  // evaluation would be too few messages.
  const hasSmallParts = pending.length > pieces || countOf(pending) < pieces * batchSize;
  return hasSmallParts ? piecesOf(pending, pieces) : firstRanges(pending, { pieces, batchSize, seed });
}
