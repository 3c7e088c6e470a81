import type { Sweep } from "../api/sweeps.ts";
import { NotFoundError } from "./not-found.ts";

/** Somebody who watches a sweep. */
export interface Watcher {
  readonly onSweep: (sweep: Sweep) => void;
  readonly onError: (error: unknown) => void;
}

/** Looks at one sweep again and again while somebody watches, once for all who do. */
export class Watch {
  readonly #watchers = new Set<Watcher>();
  readonly #look: () => Promise<Sweep>;
  readonly #pauseMs: () => number;
  #last: Sweep | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  /** @param pauseMs the time between the end of a look and the next one. */
  constructor(look: () => Promise<Sweep>, pauseMs: () => number) {
    this.#look = look;
    this.#pauseMs = pauseMs;
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** A new watcher sees the last look at once, if others watch already. */
  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#last !== undefined) show(this.#last, watcher);
    if (this.#timer === undefined) void this.#run();
  }

  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (!this.isWatched) this.stop();
  }

  stop(): void {
    this.#watchers.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = undefined;
  }

  async #run(): Promise<void> {
    // Somebody may leave and another one come while a look is under way.
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#timer = undefined;
    try {
      const sweep = await this.#look();
      if (this.isWatched) this.#last = sweep;
      for (const watcher of this.#watchers) show(sweep, watcher);
    } catch (error) {
      // A sweep that was deleted is nothing to show to the next watcher.
      if (error instanceof NotFoundError) this.#last = undefined;
      // The bucket may be back at the next look.
      for (const { onError } of this.#watchers) onError(error);
    } finally {
      this.#isLooking = false;
    }
    if (!this.isWatched) return;
    this.#timer = setTimeout(() => void this.#run(), this.#pauseMs());
    // A server that has closed need not wait.
    this.#timer.unref();
  }
}

/** A watcher that fails, for example because its connection is closed, does not disturb the others. */
function show(sweep: Sweep, { onSweep, onError }: Watcher): void {
  try {
    onSweep(sweep);
  } catch (error) {
    onError(error);
  }
}
