import { describeError, isInstance, SweepError } from "../contract/errors.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import type { Failure } from "../stores/store.ts";
import { isPromise } from "./block-evaluator.ts";
import { InFlightFile } from "./in-flight-file.ts";
import type { Evaluate } from "./module.ts";
import { type Abandonment, abortSignal, timeoutFailure } from "./watch.ts";

/** A failure of one parameter that is not an error of the user's code. */
export class ParameterFailure extends Error {
  readonly kind: Failure["kind"];

  constructor(kind: Failure["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A parameter whose promise is pending. */
interface Flight {
  readonly context: CounterBasedContext;
  /** By the clock of `performance.now`. */
  readonly startedAt: number;
  /** Called once if nobody waits for the promise any longer. */
  readonly abandon: (why: Abandonment) => void;
}

/** The evaluation of {@link Flights}, and those that hear of their ends. */
export interface FlightsOptions {
  /** It may throw a {@link ParameterFailure}, or a SweepError, which ends the worker. */
  readonly evaluate: Evaluate;
  readonly concurrency: number;
  readonly seed: number;
  /** Called whenever a promise was settled or took too long, after its result was taken. */
  readonly onRoom: () => void;
  /** Ends the worker with an error. */
  readonly fail: (error: unknown) => void;
}

/** The parameters in flight. Each has a context of its own, because their draws of random numbers alternate. */
export class Flights {
  readonly #options: FlightsOptions;
  /** In the order of their starts, and so of their ends of time. */
  readonly #pending = new Set<Flight>();
  readonly #freeSlots: number[];
  #file: InFlightFile | undefined;
  #timeoutMs = 0;
  /** The context of the next parameter, if it was not used up by a parameter that waits. */
  #context: CounterBasedContext | undefined;

  constructor(options: FlightsOptions) {
    this.#options = options;
    this.#freeSlots = Array.from({ length: options.concurrency }, (_, slot) => options.concurrency - 1 - slot);
  }

  /**
   * @param timeoutMs milliseconds that a promise may take; 0 is no limit. A Watch keeps it.
   * @param path where to record the parameters in flight.
   */
  open(timeoutMs: number, path: string): void {
    this.#timeoutMs = timeoutMs;
    this.#file = new InFlightFile(path);
  }

  get hasRoom(): boolean {
    return this.#freeSlots.length > 0;
  }

  /** Whether no promise is pending. */
  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Whether a promise has taken too long. */
  hasOverdue(now: number): boolean {
    const [oldest] = this.#pending;
    return this.#timeoutMs > 0 && oldest !== undefined && now - oldest.startedAt >= this.#timeoutMs;
  }

  /** Fails the parameters whose promises have taken too long. */
  abandonOverdue(now: number): void {
    for (const flight of this.#pending) {
      if (now - flight.startedAt < this.#timeoutMs) break;
      this.#abandon(flight, "timeout");
    }
  }

  /** Leaves out all parameters whose promises are pending, because the worker stops. */
  abandonAll(): void {
    for (const flight of this.#pending) this.#abandon(flight, "stop");
  }

  /** Calls the user's function. `onEnd` is called once with its result or its failure, and never if a stop comes first. */
  start(parameter: number, onEnd: (result: unknown, failure: Failure | undefined) => void): void {
    const slot = this.#freeSlots.pop() as number;
    const context = this.#context ?? new CounterBasedContext(this.#options.seed);
    context.moveTo(parameter);
    this.#context = undefined;
    const end = (result: unknown, failure: Failure | undefined) => {
      try {
        this.#file?.set(slot, undefined);
        this.#freeSlots.push(slot);
        onEnd(result, failure);
      } catch (error) {
        this.#options.fail(error);
      }
    };
    const endWithError = (error: unknown) => {
      if (isInstance(error, SweepError)) this.#options.fail(error);
      else if (isInstance(error, ParameterFailure))
        end(undefined, { parameter, kind: error.kind, error: error.message });
      else end(undefined, { parameter, kind: "threw", error: describeError(error) });
    };
    let result: unknown;
    let isPending: boolean;
    try {
      this.#file?.set(slot, parameter);
      result = this.#options.evaluate(parameter, context);
      isPending = isPromise(result);
    } catch (error) {
      endWithError(error);
      return;
    }
    if (!isPending) {
      this.#context = context;
      end(result, undefined);
      return;
    }
    let hasEnded = false;
    const once = (then: () => void) => {
      if (hasEnded) return;
      hasEnded = true;
      this.#pending.delete(flight);
      then();
      this.#options.onRoom();
    };
    const abandon = (why: Abandonment) => {
      if (why === "timeout") once(() => end(undefined, timeoutFailure(parameter, this.#timeoutMs)));
      hasEnded = true;
    };
    const flight: Flight = { context, startedAt: performance.now(), abandon };
    this.#pending.add(flight);
    Promise.resolve(result).then(
      (value) => once(() => end(value, undefined)),
      (error) => once(() => endWithError(error)),
    );
  }

  #abandon(flight: Flight, why: Abandonment): void {
    this.#pending.delete(flight);
    flight.abandon(why);
    abortSignal(flight.context, why, this.#timeoutMs);
  }
}
