import type { RunIdentity } from "../contract/identity.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { closeWhenComplete } from "./closing.ts";
import type { QueuedRun } from "./queued-run.ts";

/** Blocks to list at a time: as many as a page of a listing has. */
const BLOCKS_IN_A_LOOK = 1_000;

/**
 * Finds out when a run is complete. Committed parameters stay, so that each look begins at the first gap that the last one found: while a
 * run has gaps a look is one request, and all looks of an executor together list each block once.
 */
export class Completion {
  /** All parameters below it are committed. */
  #completeUntil = 0;

  /** Asks for the receipt of the run if nothing is missing. */
  async closeWhenComplete(run: QueuedRun, identity: RunIdentity, name: string, queue: MessageQueue): Promise<void> {
    const { totalParameters, batchSize } = identity;
    while (this.#completeUntil < totalParameters) {
      const start = this.#completeUntil;
      const count = Math.min(totalParameters - start, batchSize * BLOCKS_IN_A_LOOK);
      const [gap] = await run.pendingOf(identity, { start, count });
      this.#completeUntil = gap?.start ?? start + count;
      if (gap !== undefined) return;
    }
    await closeWhenComplete(run, name, queue);
    // Somebody may delete results and submit the run again.
    this.#completeUntil = 0;
  }
}
