import type { Sweep, SweepState, SweepSummary } from "../api/sweeps.ts";
import { RATE_WINDOW_MS } from "./aggregate.ts";
import type { Look } from "./sweep-view.ts";

/** A sweep whose last commit is older is idle. */
const IDLE_AFTER_MS = 120_000;

/** The price of the computing time of a submitted sweep in US dollars, undefined if it is not known. */
export type CostOf = (submission: Submission, computingSeconds: number) => number | undefined;
type Submission = Pick<NonNullable<SweepSummary["submission"]>, "size" | "mode">;

/** Where a sweep is, and how its costs are known. */
export interface Described {
  readonly name: string;
  readonly url: string;
  readonly costOf: CostOf | undefined;
}

/** A line of the list. */
export function summaryOf(look: Look, { name, url, costOf }: Described): SweepSummary {
  const { identity, notes, aggregate, createdAt } = look;
  const { evaluation, evaluationSha256, columns, totalParameters: total, batchSize, seed } = identity;
  const remaining = remainingOf(look);
  const failed = aggregate.failures;
  const state = stateOf(look);
  const ratePerSecond = rateOf(look);
  const isMoving = state === "running" && ratePerSecond > 0;
  const stop = remaining > 0 ? notes.stop : undefined;
  return {
    name,
    url,
    identity: { evaluation, evaluationSha256, columns: [...columns], total, batchSize, seed },
    state,
    counts: { present: aggregate.committed - failed, failed, isFailedExact: aggregate.isFailedExact, remaining },
    createdAt: timeOf(createdAt),
    lastCommitAt: Number.isFinite(aggregate.lastCommitAt) ? timeOf(aggregate.lastCommitAt) : null,
    ratePerSecond,
    secondsLeft: isMoving ? remaining / ratePerSecond : null,
    stop: stop === undefined ? null : { reason: stop.reason, at: timeOf(Date.parse(stop.at)) },
    submission: notes.submission ?? null,
    costUsd: (notes.submission && costOf?.(notes.submission, computingSecondsOf(look))) ?? null,
  };
}

export function sweepOf(look: Look, described: Described): Sweep {
  const { notes, aggregate } = look;
  const isOpen = remainingOf(look) > 0;
  const isOurs = notes.isQueued || notes.submission !== undefined;
  return {
    ...summaryOf(look, described),
    throughput: aggregate.throughput.result(),
    computingSeconds: computingSecondsOf(look),
    hasReceipt: notes.hasReceipt,
    hasParquet: notes.hasParquet,
    canCancel: isOpen && isOurs && notes.stop === undefined,
    canResume: isOpen && isOurs,
  };
}

/** Milliseconds of a parameter, if the number of workers tells: all of them work while anything is committed. */
export function knownMilliseconds({ workers, aggregate }: Look): number | undefined {
  if (workers === undefined || aggregate.committed === 0) return undefined;
  return (1000 * workers * aggregate.throughput.busySeconds(IDLE_AFTER_MS)) / aggregate.committed;
}

function remainingOf({ identity, aggregate }: Look): number {
  return identity.totalParameters - aggregate.committed;
}

function stateOf(look: Look): SweepState {
  const { notes, aggregate } = look;
  if (remainingOf(look) === 0) return notes.hasReceipt ? "verified" : "complete";
  if (notes.stop !== undefined) return notes.stop.kind;
  if (aggregate.committed === 0) return "waiting";
  return Date.now() - aggregate.lastCommitAt < IDLE_AFTER_MS ? "running" : "idle";
}

function rateOf({ aggregate, seenAt }: Look): number {
  const { recent, firstCommitAt, lastCommitAt } = aggregate;
  // The aggregate of a complete sweep may be older.
  if (seenAt - lastCommitAt > RATE_WINDOW_MS) return 0;
  // A sweep may have begun within the window.
  const window = Math.min(RATE_WINDOW_MS, Math.max(1_000, seenAt - firstCommitAt));
  return (1000 * recent) / window;
}

function computingSecondsOf(look: Look): number {
  const { aggregate, createdAt } = look;
  const { meanMs } = aggregate.computingTime.perParameter(knownMilliseconds(look));
  if (meanMs !== undefined) return (meanMs * aggregate.committed) / 1000;
  // No two blocks follow each other, so that the only time is that since the beginning.
  return Number.isFinite(aggregate.lastCommitAt) ? Math.max(0, aggregate.lastCommitAt - createdAt) / 1000 : 0;
}

/** A time in words. A damaged one is the epoch, so that the rest of the sweep is seen. */
function timeOf(milliseconds: number): string {
  return new Date(milliseconds || 0).toISOString();
}
