import type { Delivery, MessageQueue } from "../queue/message-queue.ts";
import { parseMessage, type QueueMessage } from "../queue/messages.ts";

/**
 * How long a look at a dead-letter queue hides its messages from the next look. Long enough to receive them all, and short enough to
 * look again.
 */
export const DEAD_LETTER_LEASE_SECONDS = 10;
/** Ends before the first lease does, so that no message comes twice. */
const LONGEST_LOOK_MS = 8_000;
/** SQS asks all its servers only if it may wait. */
const WAIT_SECONDS = 1;
const MOST_AT_ONCE = 10;

/** A message that executors have received too often. */
export interface DeadMessage {
  readonly message: QueueMessage;
  /** How often it was received, looks at the dead-letter queue included. */
  readonly receives: number;
  readonly delivery: Delivery;
}

/** A look at a dead-letter queue. */
export interface DeadLetters {
  /** The messages of the run, those for ranges sorted by their start. */
  readonly ofRun: readonly DeadMessage[];
  /** Messages of other runs, other versions and other programs. */
  readonly others: number;
}

/**
 * Looks for the messages of a run in a dead-letter queue, and deletes none. They come back to the queue after its lease. Of very many
 * messages it sees only some.
 */
export async function lookForDeadLetters(queue: MessageQueue, run: string): Promise<DeadLetters> {
  const found: Delivery[] = [];
  const startedAt = performance.now();
  while (performance.now() - startedAt < LONGEST_LOOK_MS) {
    const deliveries = await queue.receive(MOST_AT_ONCE, WAIT_SECONDS);
    if (deliveries.length === 0) break;
    found.push(...deliveries);
  }
  const ofRun = found.flatMap((delivery): DeadMessage[] => {
    const message = parseMessage(delivery.text);
    return message?.run === run ? [{ message, receives: delivery.receives, delivery }] : [];
  });
  const startOf = ({ message }: DeadMessage) => (message.format === "sweep-range/1" ? message.start : -1);
  return { ofRun: ofRun.sort((a, b) => startOf(a) - startOf(b)), others: found.length - ofRun.length };
}
