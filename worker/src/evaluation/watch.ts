import type { CounterBasedContext } from "../parameters/random.ts";
import type { Failure } from "../stores/store.ts";

/** A process that waits tells its supervisor this often that it is alive. */
const HEARTBEAT_EVERY_MS = 100;
/** A timeout is noticed a tenth late at most, and looked for no more often than this. */
const SHORTEST_TICK_MS = 5;

/** How long the last report and the end of the process may take. A stop that gives no more than this waits for no promise. */
const REPORT_WITHIN_MS = 200;

/** The reason why nobody waits for a promise any longer. */
export type Abandonment = "timeout" | "stop";

/** An evaluator that may have pending promises. */
export interface Waiter {
  /** Whether heartbeats are due, because a promise is pending or the work goes on after this turn of the event loop. */
  readonly isWaiting: boolean;
  /** Whether a promise has taken too long. */
  hasOverdue(now: number): boolean;
  /** Records the timeout of each parameter whose promise has taken too long, and goes on without it. */
  abandonOverdue(now: number): void;
  /** Leaves out every parameter whose promise is pending, because the worker stops. */
  stopWaiting(): void;
}

/**
 * Watches over pending promises with one timer, because a timer for each costs more than a cheap promise. The timer does not fire while
 * the user's code blocks the process; the supervisor then hears nothing and ends the process.
 */
export class Watch {
  readonly #waiter: Waiter;
  readonly #onHeartbeat: () => void;
  #heartbeatAt = 0;

  /**
   * @param timeoutMs milliseconds that a promise may take; 0 is no limit.
   * @param onHeartbeat called every 100 ms while the waiter waits.
   */
  constructor(waiter: Waiter, timeoutMs: number, onHeartbeat: () => void) {
    this.#waiter = waiter;
    this.#onHeartbeat = onHeartbeat;
    const tenth = timeoutMs === 0 ? HEARTBEAT_EVERY_MS : timeoutMs / 10;
    setInterval(() => this.#look(), Math.min(HEARTBEAT_EVERY_MS, Math.max(SHORTEST_TICK_MS, tenth))).unref();
  }

  #look(): void {
    if (!this.#waiter.isWaiting) return;
    const now = performance.now();
    if (now - this.#heartbeatAt >= HEARTBEAT_EVERY_MS) {
      this.#heartbeatAt = now;
      this.#onHeartbeat();
    }
    // An answer may have arrived while the process was busy: look again after a turn of the event loop.
    if (this.#waiter.hasOverdue(now)) setImmediate(() => setImmediate(() => this.#waiter.abandonOverdue(now)));
  }
}

/** How long a stop waits for pending promises, in milliseconds, before it leaves their parameters out. */
export function patienceOf(withinMs: number): number {
  return Math.max(0, withinMs - REPORT_WITHIN_MS);
}

/** The failure of a parameter that took too long. */
export function timeoutFailure(parameter: number, timeoutMs: number): Failure {
  return { parameter, kind: "timeout", error: `did not return within ${timeoutMs / 1000} s (--timeout)` };
}

/** As {@link timeoutFailure}, with the parameter. */
export function timeoutText(parameter: number, timeoutMs: number): string {
  return `parameter ${parameter} takes longer than ${timeoutMs / 1000} s (--timeout)`;
}

/** Aborts the signal of a parameter that nobody waits for any longer. */
export function abortSignal(context: CounterBasedContext, why: Abandonment, timeoutMs: number): void {
  const { parameter } = context;
  const reason =
    why === "timeout"
      ? new DOMException(timeoutText(parameter, timeoutMs), "TimeoutError")
      : new DOMException(`parameter ${parameter} is left out by a stop`, "AbortError");
  context.abort(reason);
}
