import type { Delivery, MessageQueue, QueueCounts } from "../../worker/src/queue/message-queue.ts";
import { parseMessage, type QueueMessage, type RangeMessage } from "../../worker/src/queue/messages.ts";

/** A queue in memory, without leases: a message that was received comes again in the next round, as after a short lease. */
export class MemoryQueue implements MessageQueue {
  readonly url = "memory:queue";
  /** The texts of the messages, in the order in which they came. */
  texts: string[] = [];
  /** Called before messages are taken. An error that it throws is the queue's. */
  onSend: (messages: readonly QueueMessage[]) => void | Promise<void> = () => {};
  /** Requests to send. */
  sends = 0;
  #next = 0;

  get ranges(): RangeMessage[] {
    return this.texts.map((text) => parseMessage(text)).filter((message) => message?.format === "sweep-range/1");
  }

  async receive(most: number): Promise<Delivery[]> {
    const texts = this.texts.slice(this.#next, this.#next + most);
    this.#next = texts.length === 0 ? 0 : this.#next + texts.length;
    return texts.map((text) => ({ text, handle: text, receives: 6 }));
  }

  async send(messages: readonly QueueMessage[]): Promise<void> {
    this.sends++;
    await this.onSend(messages);
    this.texts.push(...messages.map((message) => JSON.stringify(message)));
  }

  async extend(): Promise<Delivery[]> {
    return [];
  }

  async delete({ handle }: Delivery): Promise<void> {
    this.texts = this.texts.filter((text) => text !== handle);
  }

  async counts(): Promise<QueueCounts> {
    return { waiting: this.texts.length, inFlight: 0, delayed: 0 };
  }

  close(): void {}
}
