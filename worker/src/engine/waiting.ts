import { setTimeout } from "node:timers/promises";
import { PermanentError, TemporaryError } from "../contract/errors.ts";
import type { MessageQueue, QueueCounts } from "../queue/message-queue.ts";
import type { JobProgress } from "./local-job.ts";
import type { QueuedRun, Stop } from "./queued-run.ts";

/** Between two looks at the bucket. It grows with the time that was waited, so that a short run is not waited for too long. */
const pauseAfter = (elapsedMs: number) => Math.max(1_000, Math.min(10_000, elapsedMs / 10));
/** A machine of a pool that scales from zero takes two to three minutes to start. */
const STALLED_AFTER_MS = 240_000;

export interface WaitOptions {
  readonly queue: MessageQueue;
  readonly onProgress: (progress: JobProgress) => void;
  /** Called again and again while nothing moves. @param counts undefined if the queue does not tell. */
  readonly onStalled: (seconds: number, counts: QueueCounts | undefined) => void;
  /** Called with an error of the bucket that may pass. */
  readonly onTrouble: (error: TemporaryError) => void;
  /** @default 240,000: four minutes */
  readonly stalledAfterMs?: number | undefined;
  /** The time between two looks. @default - from one second to ten, a tenth of the time that was waited */
  readonly pauseMs?: (elapsedMs: number) => number;
}

/**
 * Waits until every parameter of a run is committed, by listing the bucket.
 *
 * @throws StoppedRunError if the run is cancelled, or has failed.
 */
export async function waitUntilComplete(run: QueuedRun, options: WaitOptions): Promise<void> {
  const { stalledAfterMs = STALLED_AFTER_MS, pauseMs = pauseAfter, queue, onProgress, onStalled, onTrouble } = options;
  const startedAt = performance.now();
  let first: { readonly committed: number; readonly failed: number } | undefined;
  let last = -1;
  let [movedAt, saidAt] = [startedAt, startedAt];
  for (;;) {
    try {
      const { stop } = await run.read();
      const { identity, committed, failed } = await run.store.progress();
      const totalParameters = identity.totalParameters;
      first ??= { committed, failed };
      onProgress({ totalParameters, done: committed, computed: committed - first.committed, failed });
      if (committed >= totalParameters) return;
      if (stop !== undefined) throw new StoppedRunError(run.store.url, stop);
      const now = performance.now();
      if (committed !== last) [last, movedAt, saidAt] = [committed, now, now];
      if (now - saidAt >= stalledAfterMs) {
        saidAt = now;
        onStalled((now - movedAt) / 1000, await queue.counts().catch(() => undefined));
      }
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error;
      onTrouble(error);
    }
    await setTimeout(pauseMs(performance.now() - startedAt));
  }
}

/** A run that nobody works on any longer. */
export class StoppedRunError extends PermanentError {
  readonly stop: Stop;

  constructor(url: string, stop: Stop) {
    super(`${url}: ${describeStop(stop)}`);
    this.stop = stop;
  }
}

/** `cancelled at 2026-11-22T08:00:00.000Z: <reason>` */
export function describeStop({ kind, at, reason }: Stop): string {
  return `${kind} at ${at}: ${reason}`;
}
