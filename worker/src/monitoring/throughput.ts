import type { Sweep } from "../api/sweeps.ts";

/** Most steps, so that the memory and the answer do not grow with the sweep. */
const MOST_STEPS = 512;
const SHORTEST_STEP_MS = 1_000;

/**
 * Parameters committed over time, in any order of the commits. It begins with steps of a second, which double as often as the times of all
 * commits need, so that no time must be known before.
 */
export class Throughput {
  #stepMs = SHORTEST_STEP_MS;
  /** The first and the last step since the epoch that have parameters. */
  #first = 0;
  #last = -1;
  #counts = new Float64Array(MOST_STEPS);

  add(at: number, count: number): void {
    const isEmpty = this.#last < this.#first;
    let step = Math.floor(at / this.#stepMs);
    while (!isEmpty && Math.max(step, this.#last) - Math.min(step, this.#first) >= MOST_STEPS) {
      this.#double();
      step = Math.floor(at / this.#stepMs);
    }
    if (isEmpty) [this.#first, this.#last] = [step, step];
    if (step < this.#first) {
      const counts = new Float64Array(MOST_STEPS);
      counts.set(this.#counts.subarray(0, this.#last - this.#first + 1), this.#first - step);
      this.#counts = counts;
      this.#first = step;
    }
    this.#last = Math.max(this.#last, step);
    this.#counts[step - this.#first] = (this.#counts[step - this.#first] as number) + count;
  }

  /**
   * Seconds in which somebody worked: the time from the first to the last commit without the pauses.
   *
   * @param pauseMs the shortest time without a commit that is a pause.
   */
  busySeconds(pauseMs: number): number {
    let [busy, idle] = [0, 0];
    for (let step = this.#first; step <= this.#last; step++) {
      idle += this.#stepMs;
      if (this.#counts[step - this.#first] === 0) continue;
      // The commits of one step say nothing of the time before them.
      busy += idle > Math.max(pauseMs, 2 * this.#stepMs) ? this.#stepMs : idle;
      idle = 0;
    }
    return busy / 1000;
  }

  result(): Sweep["throughput"] {
    const steps = this.#last - this.#first + 1;
    return {
      start: steps === 0 ? null : new Date(this.#first * this.#stepMs).toISOString(),
      stepSeconds: this.#stepMs / 1000,
      parameters: [...this.#counts.subarray(0, steps)],
    };
  }

  #double(): void {
    const first = Math.floor(this.#first / 2);
    const counts = new Float64Array(MOST_STEPS);
    for (let step = this.#first; step <= this.#last; step++) {
      const place = Math.floor(step / 2) - first;
      counts[place] = (counts[place] as number) + (this.#counts[step - this.#first] as number);
    }
    this.#counts = counts;
    this.#last = Math.floor(this.#last / 2);
    this.#first = first;
    this.#stepMs *= 2;
  }
}
