/** A queue of events that one loop reads in order, so that the supervisor can be written as a sequence and not as callbacks. */
export class Inbox<Event> {
  readonly #events: Event[] = [];
  #wake: (() => void) | undefined;

  put(event: Event): void {
    this.#events.push(event);
    this.#wake?.();
  }

  /** The next event that has arrived already, or undefined. */
  take(): Event | undefined {
    return this.#events.shift();
  }

  /** Waits for the next event. @returns undefined if none arrives within `withinMs`. */
  async next(withinMs = Number.POSITIVE_INFINITY): Promise<Event | undefined> {
    if (this.#events.length === 0) {
      await new Promise<void>((resolve) => {
        // A timer holds 2^31 milliseconds at most, which is 24 days.
        const timer = withinMs < 2 ** 31 ? setTimeout(resolve, Math.max(0, withinMs)) : undefined;
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return this.#events.shift();
  }
}
