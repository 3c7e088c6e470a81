import type { MessageQueue } from "../queue/message-queue.ts";
import type { QueuedRun } from "./queued-run.ts";

/**
 * Asks for the receipt of a run if nothing of it is missing. The request is a message, so that it outlives this process, and executors are
 * not scaled to zero before somebody has verified the run.
 *
 * Two executors may ask at the same time. The second finds a receipt, and does nothing.
 */
export async function closeWhenComplete(run: QueuedRun, name: string, queue: MessageQueue): Promise<void> {
  if (await run.isAnnounced()) return;
  const { identity, committed } = await run.store.progress();
  if (committed < identity.totalParameters) return;
  await requestClose(run, name, queue);
}

/** Asks for the receipt of a complete run, also if somebody has asked before. */
export async function requestClose(run: QueuedRun, name: string, queue: MessageQueue): Promise<void> {
  // In this order: an executor that ends in between leaves a request too many, and not one too few.
  await queue.send([{ format: "sweep-close/1", run: name }]);
  await run.announceComplete();
}
