import type { Delivery, MessageQueue, QueueCounts } from "../../worker/src/queue/message-queue.ts";
import type { QueueMessage } from "../../worker/src/queue/messages.ts";

type Action = "receive" | "send" | "delete" | "extend";

interface Kept {
  readonly text: string;
  receives: number;
}

/** A queue in memory, whose leases end when a test says so. */
export class MemoryQueue implements MessageQueue {
  readonly url = "memory";
  /** Everything that was sent to the queue and deleted from it, in order. */
  readonly events: string[] = [];
  /** The delays of messages that were sent with one. They wait like all others. */
  readonly delays: number[] = [];
  /** Called before each request: an error that it throws is that of the request. */
  fault: (action: Action) => void = () => {};
  readonly #waiting: Kept[] = [];
  readonly #inFlight = new Map<string, Kept>();
  #handles = 0;
  #wake = () => {};

  /** @param receives how often the message was received before. */
  add(message: QueueMessage | string, receives = 0): void {
    this.#waiting.push({ text: typeof message === "string" ? message : JSON.stringify(message), receives });
    this.#wake();
  }

  /** The messages that wait, parsed. */
  get waiting(): unknown[] {
    return this.#waiting.map(({ text }) => JSON.parse(text));
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Lets all leases end: the messages in flight come again. */
  expire(): void {
    const lost = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#waiting.push(...lost);
    this.#wake();
  }

  async receive(most: number, _waitSeconds: number, signal?: AbortSignal): Promise<Delivery[]> {
    this.fault("receive");
    while (this.#waiting.length === 0 && !signal?.aborted) {
      await new Promise<void>((woken) => {
        this.#wake = woken;
        signal?.addEventListener("abort", () => woken(), { once: true });
      });
    }
    if (signal?.aborted) return [];
    return this.#waiting.splice(0, most).map((message) => {
      message.receives++;
      const handle = String(this.#handles++);
      this.#inFlight.set(handle, message);
      return { text: message.text, handle, receives: message.receives };
    });
  }

  async send(messages: readonly QueueMessage[], delaySeconds = 0): Promise<void> {
    this.fault("send");
    for (const message of messages) {
      this.events.push(`send ${JSON.stringify(message)}`);
      if (delaySeconds > 0) this.delays.push(delaySeconds);
      this.add(message);
    }
  }

  async extend(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    this.fault("extend");
    return deliveries.filter(({ handle }) => !this.#inFlight.has(handle));
  }

  async delete({ handle, text }: Delivery): Promise<void> {
    this.fault("delete");
    this.events.push(`delete ${text}`);
    this.#inFlight.delete(handle);
  }

  async counts(): Promise<QueueCounts> {
    return { waiting: this.#waiting.length, inFlight: this.#inFlight.size, delayed: 0 };
  }

  close(): void {}
}
