import type { QueueMessage } from "./messages.ts";

/** A message that was received. Nobody else gets it until its lease ends. */
export interface Delivery {
  readonly text: string;
  /** Names this receive of the message. */
  readonly handle: string;
  /** How often the message was received, this time included. Approximate: a queue of several servers may count one too few. */
  readonly receives: number;
}

/** How many messages a queue has. Approximate, and up to a minute old: nothing may be concluded from a zero. */
export interface QueueCounts {
  readonly waiting: number;
  /** Received, and neither deleted nor given up. */
  readonly inFlight: number;
  /** Sent with a delay that has not passed. */
  readonly delayed: number;
}

/** A queue that delivers each message at least once, in any order. */
export interface MessageQueue {
  readonly url: string;
  /**
   * Waits for messages, and takes a lease on each.
   *
   * @param most from 1 to 10.
   * @param waitSeconds how long to wait for the first, at most 20.
   * @param signal ends the wait. A message that was under way then comes again when its lease ends.
   */
  receive(most: number, waitSeconds: number, signal?: AbortSignal): Promise<Delivery[]>;
  /** Resolves when the queue has all messages. @param delaySeconds before anybody receives them, at most 900. @default 0 */
  send(messages: readonly QueueMessage[], delaySeconds?: number): Promise<void>;
  /** Renews leases. @returns the deliveries whose leases had ended: somebody else may have them. */
  extend(deliveries: readonly Delivery[]): Promise<Delivery[]>;
  /** Deletes a message. It may come once more all the same. */
  delete(delivery: Delivery): Promise<void>;
  counts(): Promise<QueueCounts>;
  close(): void;
}
