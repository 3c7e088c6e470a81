import { setTimeout } from "node:timers/promises";
import type { Evaluate } from "./module.ts";

/** Rehearses a slow evaluation: sleeps for some milliseconds before each parameter. Without any it costs nothing. */
export class SimulatedWork {
  readonly #ms: number;
  readonly #never = new Int32Array(new SharedArrayBuffer(4));

  constructor(simulateWorkMs: number) {
    this.#ms = simulateWorkMs;
  }

  /** Sleeps for so many parameters. Nothing else runs in this process meanwhile. */
  readonly sleep = (parameters: number): void => {
    if (this.#ms > 0) Atomics.wait(this.#never, 0, 0, this.#ms * parameters);
  };

  /** An evaluation that sleeps first, alone. */
  before(evaluate: Evaluate): Evaluate {
    if (this.#ms === 0) return evaluate;
    return (parameter, context) => {
      this.sleep(1);
      return evaluate(parameter, context);
    };
  }

  /** An evaluation that sleeps first, beside others. */
  beside(evaluate: Evaluate): Evaluate {
    if (this.#ms === 0) return evaluate;
    return async (parameter, context) => {
      await setTimeout(this.#ms);
      return evaluate(parameter, context);
    };
  }
}
