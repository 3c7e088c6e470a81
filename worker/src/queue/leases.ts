import type { Delivery, MessageQueue } from "./message-queue.ts";

/** Three attempts fit into a lease. */
const EXTENSIONS_OF_A_LEASE = 3;

interface Lease {
  readonly onLost: () => void;
  /** By the clock of `performance.now`. */
  endsAt: number;
}

/**
 * Keeps the messages that this process works on, until they are released: each lease is renewed after a third of its time, all with one
 * request. A lease is lost when the queue says so, or when the queue was away for as long as the lease lasted.
 */
export class Leases {
  readonly #queue: MessageQueue;
  readonly #leaseMs: number;
  readonly #leases = new Map<Delivery, Lease>();
  #timer: NodeJS.Timeout | undefined;
  #isExtending = false;

  constructor(queue: MessageQueue, leaseSeconds: number) {
    this.#queue = queue;
    this.#leaseMs = leaseSeconds * 1000;
  }

  /** @param onLost called once if somebody else may have got the message. */
  hold(delivery: Delivery, onLost: () => void): void {
    this.#leases.set(delivery, { onLost, endsAt: performance.now() + this.#leaseMs });
    this.#timer ??= setInterval(() => void this.#extend(), this.#leaseMs / EXTENSIONS_OF_A_LEASE);
  }

  release(delivery: Delivery): void {
    this.#leases.delete(delivery);
    if (this.#leases.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #extend(): Promise<void> {
    const held = [...this.#leases.keys()];
    const endsAt = performance.now() + this.#leaseMs;
    if (this.#isExtending) return this.#loseEnded();
    this.#isExtending = true;
    try {
      const lost = new Set(await this.#queue.extend(held));
      for (const delivery of held) {
        const lease = this.#leases.get(delivery);
        if (lost.has(delivery)) this.#lose(delivery);
        else if (lease !== undefined) lease.endsAt = endsAt;
      }
    } catch {
      // The next attempt may succeed.
    } finally {
      this.#isExtending = false;
    }
    this.#loseEnded();
  }

  #loseEnded(): void {
    const now = performance.now();
    for (const [delivery, { endsAt }] of this.#leases) if (endsAt <= now) this.#lose(delivery);
  }

  #lose(delivery: Delivery): void {
    const lease = this.#leases.get(delivery);
    this.release(delivery);
    lease?.onLost();
  }
}
