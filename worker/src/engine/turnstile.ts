/** Lets many in at a time, or one alone. Somebody who waits to be alone goes before those who come later. */
export class Turnstile {
  #inside = 0;
  #isTaken = false;
  #waitingAlone = 0;
  #wake: (() => void)[] = [];

  /** Runs `use` beside others. */
  async together<T>(use: () => Promise<T>): Promise<T> {
    while (this.#isTaken || this.#waitingAlone > 0) await this.#change();
    this.#inside++;
    try {
      return await use();
    } finally {
      this.#inside--;
      this.#changed();
    }
  }

  /** Runs `use` when nobody else is inside. @param ask asks those inside to come out. */
  async alone<T>(ask: () => void, use: () => Promise<T>): Promise<T> {
    ask();
    this.#waitingAlone++;
    while (this.#isTaken || this.#inside > 0) await this.#change();
    this.#waitingAlone--;
    this.#isTaken = true;
    try {
      return await use();
    } finally {
      this.#isTaken = false;
      this.#changed();
    }
  }

  /** Whether somebody is alone inside, or waits to be. */
  get isClosed(): boolean {
    return this.#isTaken || this.#waitingAlone > 0;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
