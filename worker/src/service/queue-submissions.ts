import { SweepError } from "../contract/errors.ts";
import { countNoun } from "../contract/format.ts";
import { DEAD_LETTER_LEASE_SECONDS, lookForDeadLetters } from "../engine/dead-letters.ts";
import { closeSubmitted, isUnderWay, type Submission, submit } from "../engine/submit.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import type { Machines, Sent, Way } from "./way.ts";

/** A run begins with the messages of one executor, and grows by itself: executors divide what is left of a message after each slice. */
const FIRST_EXECUTORS = 1;
/** How long a message that this server receives stays with it. It receives none but dead ones. */
const UNUSED_LEASE_SECONDS = 60;

/** Gives sweeps to the executors of a queue. */
export class QueueSubmissions implements Way {
  readonly #open: (url: string, leaseSeconds: number) => Promise<MessageQueue>;
  /** By address. An environment has a few sizes. */
  readonly #queues = new Map<string, Promise<MessageQueue>>();

  constructor(open: (url: string, leaseSeconds: number) => Promise<MessageQueue>) {
    this.#open = open;
  }

  async isUnderWay({ run }: Submission, { entry: { queue } }: Machines): Promise<boolean> {
    return queue !== undefined && isUnderWay(run, await this.#queue(queue.queueUrl, UNUSED_LEASE_SECONDS));
  }

  async send(submission: Submission, { entry, executors = FIRST_EXECUTORS }: Machines): Promise<Sent> {
    if (entry.queue === undefined) throw new Error(`the size ${entry.size} has no queue`);
    const { queueUrl, slots, max } = entry.queue;
    const queue = await this.#queue(queueUrl, UNUSED_LEASE_SECONDS);
    const { pending, messages } = await submit(submission, queue, { slots, maxExecutors: max, executors, again: true });
    if (pending > 0) return { messages, outcome: `sent ${countNoun(messages, "message")}` };
    const hasReceipt = await closeSubmitted(submission, queue);
    return { messages, outcome: hasReceipt ? "is complete and verified" : "is complete: asked for its receipt" };
  }

  async resume(submission: Submission, machines: Machines): Promise<Sent> {
    const dead = await this.#deleteDeadLetters(submission.name, machines);
    const { messages, outcome } = await this.send(submission, machines);
    return { messages, outcome: [...dead, outcome].join("; ") };
  }

  async stop(): Promise<void> {
    // Executors read that the sweep is cancelled, and delete its messages.
  }

  /** They are sent again, from what the bucket says. A queue of dead letters that is away must not keep a sweep from going on. */
  async #deleteDeadLetters(name: string, { entry: { queue } }: Machines): Promise<string[]> {
    if (queue === undefined) return [];
    try {
      const dead = await this.#queue(queue.deadLetterQueueUrl, DEAD_LETTER_LEASE_SECONDS);
      const { ofRun } = await lookForDeadLetters(dead, name);
      for (const { delivery } of ofRun) await dead.delete(delivery);
      return ofRun.length === 0 ? [] : [`deleted ${countNoun(ofRun.length, "dead letter")}`];
    } catch (error) {
      if (!(error instanceof SweepError)) throw error;
      return [`dead letters stay: ${error.message}`];
    }
  }

  #queue(url: string, leaseSeconds: number): Promise<MessageQueue> {
    let queue = this.#queues.get(url);
    if (queue === undefined) {
      queue = this.#open(url, leaseSeconds);
      this.#queues.set(url, queue);
    }
    return queue;
  }
}
