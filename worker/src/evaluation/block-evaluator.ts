import { describeError, shorten, textOr, withoutDescription } from "../contract/errors.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import type { Failure } from "../stores/store.ts";
import type { Evaluate, EvaluateBlock } from "./module.ts";
import { canonicalize, type ResultColumns, type StoreResult } from "./result-columns.ts";
import { type Abandonment, abortSignal, timeoutFailure, type Waiter } from "./watch.ts";

/**
 * Called every few milliseconds with the number of finished parameters. If it returns a promise, the evaluator waits for it, and
 * the process handles messages meanwhile. If the promise resolves to true, the evaluator returns with the finished parameters.
 */
export type Pause = (done: number) => Promise<boolean> | undefined;

/** The evaluated beginning of a block, or all of it. */
export interface EvaluatedPart {
  /** How many parameters were evaluated, counted from the first. */
  readonly done: number;
  /** The evaluated parameters that have no result. */
  readonly failures: Failure[];
}

/** The part that a {@link FunctionEvaluator} has in work. */
class PartInWork {
  readonly start: number;
  readonly failures: Failure[] = [];
  readonly resolve: (part: EvaluatedPart) => void;
  /** The index of the parameter whose promise is pending, or -1. */
  waitingFor = -1;
  isAbandoned = false;
  #seen = -1;
  #seenAt = 0;

  constructor(start: number, resolve: (part: EvaluatedPart) => void) {
    this.start = start;
    this.resolve = resolve;
  }

  /**
   * When the pending promise was first seen here, or infinity if there is none. A look at the clock for each promise would cost a
   * tenth of the loop.
   */
  waitsSince(now: number): number {
    if (this.waitingFor !== this.#seen) [this.#seen, this.#seenAt] = [this.waitingFor, now];
    return this.#seen < 0 ? Number.POSITIVE_INFINITY : this.#seenAt;
  }
}

/** Fills the columns, from index 0, with the results of consecutive parameters. */
export interface BlockEvaluator {
  evaluate(start: number, count: number, pause: Pause): Promise<EvaluatedPart>;
}

/** The longest stretch of work between two looks at the clock, in milliseconds. A stop or a heartbeat may wait this long. */
const STRETCH_MS = 5;
/** The longest stretch in parameters, however cheap they were: the next may take much longer. This limit costs half a nanosecond a parameter. */
const STRETCH_PARAMETERS = 256;

/** Runs a module's `evaluate` for each parameter of a block. */
export class FunctionEvaluator implements BlockEvaluator, Waiter {
  readonly #evaluate: Evaluate;
  #context: CounterBasedContext;
  readonly #columns: ResultColumns;
  readonly #timeoutMs: number;
  readonly #store: StoreResult;
  #part: PartInWork | undefined;

  /** @param timeoutMs milliseconds that a promise may take; 0 is no limit. A {@link Watch} keeps it. */
  constructor(evaluate: Evaluate, context: CounterBasedContext, columns: ResultColumns, timeoutMs: number) {
    this.#evaluate = evaluate;
    this.#context = context;
    this.#columns = columns;
    this.#timeoutMs = timeoutMs;
    this.#store = columns.createStore();
  }

  evaluate(start: number, count: number, pause: Pause): Promise<EvaluatedPart> {
    return new Promise((resolve, reject) => {
      const part = new PartInWork(start, resolve);
      this.#part = part;
      this.#evaluatePart(part, count, pause).then(resolve, reject);
    });
  }

  get isWaiting(): boolean {
    return this.#part !== undefined && this.#part.waitingFor >= 0;
  }

  hasOverdue(now: number): boolean {
    return this.#timeoutMs > 0 && this.#part !== undefined && this.#part.waitsSince(now) <= now - this.#timeoutMs;
  }

  abandonOverdue(now: number): void {
    const part = this.#part;
    if (part === undefined || !this.hasOverdue(now)) return;
    const done = part.waitingFor + 1;
    this.#fail(part.waitingFor, part.failures, timeoutFailure(part.start + part.waitingFor, this.#timeoutMs));
    this.#abandon(part, done, "timeout");
  }

  stopWaiting(): void {
    if (this.#part !== undefined && this.isWaiting) this.#abandon(this.#part, this.#part.waitingFor, "stop");
  }

  /** Ends a part before its pending promise. The loop that waits for the promise ends with it, and stores nothing. */
  #abandon(part: PartInWork, done: number, why: Abandonment): void {
    this.#part = undefined;
    part.isAbandoned = true;
    part.resolve({ done, failures: part.failures });
    const context = this.#context;
    // The abandoned code may still draw numbers, which must not be those of the next parameter.
    this.#context = new CounterBasedContext(context.seed);
    abortSignal(context, why, this.#timeoutMs);
  }

  async #evaluatePart(part: PartInWork, count: number, pause: Pause): Promise<EvaluatedPart> {
    const { start, failures } = part;
    let done = 0;
    let stretch = 1;
    while (done < count) {
      const before = performance.now();
      const { reached, promised } = this.#run(start, done, Math.min(done + stretch, count), failures);
      done = reached;
      if (promised !== undefined) {
        part.waitingFor = done;
        await this.#settle(part, done++, promised);
        if (part.isAbandoned) break;
        part.waitingFor = -1;
      }
      const took = performance.now() - before;
      if (took < STRETCH_MS / 4) stretch = Math.min(2 * stretch, STRETCH_PARAMETERS);
      else if (took > STRETCH_MS) stretch = Math.max(1, stretch >>> 1);
      const paused = pause(done);
      if (paused !== undefined && (await paused)) break;
    }
    return { done, failures };
  }

  /** The hot loop. It ends early if the evaluation returns a promise, because this function cannot wait. */
  #run(
    start: number,
    from: number,
    to: number,
    failures: Failure[],
  ): { reached: number; promised?: PromiseLike<unknown> } {
    const evaluate = this.#evaluate;
    const context = this.#context;
    const store = this.#store;
    for (let index = from; index < to; index++) {
      const parameter = start + index;
      context.moveTo(parameter);
      try {
        const result = evaluate(parameter, context);
        if (!store(result, index)) {
          if (isPromise(result)) return { reached: index, promised: result };
          this.#fail(index, failures, { parameter, kind: "invalid-result", error: this.#describeInvalid(result) });
        }
      } catch (error) {
        this.#fail(index, failures, { parameter, kind: "threw", error: describeError(error) });
      }
    }
    return { reached: to };
  }

  async #settle(part: PartInWork, index: number, promised: PromiseLike<unknown>): Promise<void> {
    const { failures } = part;
    const parameter = part.start + index;
    try {
      const result = await promised;
      if (part.isAbandoned || this.#store(result, index)) return;
      this.#fail(index, failures, { parameter, kind: "invalid-result", error: this.#describeInvalid(result) });
    } catch (error) {
      if (part.isAbandoned) return;
      this.#fail(index, failures, { parameter, kind: "threw", error: describeError(error) });
    }
  }

  #fail(index: number, failures: Failure[], failure: Failure): void {
    this.#columns.clear(index);
    failures.push(failure);
  }

  #describeInvalid(result: unknown): string {
    return `returned ${describeValue(result)}; expected ${this.#columns.expected}`;
  }
}

/** The shortest and the longest call of `evaluateBlock` to aim for: during a call the process cannot handle messages or commit results. */
const CALL_MS = { least: 100, most: 400 } as const;

/**
 * Runs a module's `evaluateBlock` for parts of a block that take some tenths of a second. If the function throws, no result of the
 * block can be trusted, and the block is run again parameter by parameter.
 */
export class VectorEvaluator implements BlockEvaluator {
  readonly #evaluateBlock: EvaluateBlock;
  readonly #context: CounterBasedContext;
  readonly #columns: ResultColumns;
  readonly #rehearse: (parameters: number) => void;
  #size = 1024;

  /** @param rehearse simulates slow work; called with the number of parameters of each call. @default nothing */
  constructor(
    evaluateBlock: EvaluateBlock,
    context: CounterBasedContext,
    columns: ResultColumns,
    rehearse: (parameters: number) => void = () => {},
  ) {
    this.#evaluateBlock = evaluateBlock;
    this.#context = context;
    this.#columns = columns;
    this.#rehearse = rehearse;
  }

  async evaluate(start: number, count: number, pause: Pause): Promise<EvaluatedPart> {
    let done = 0;
    while (done < count) {
      const size = Math.min(this.#size, count - done);
      const before = performance.now();
      this.#rehearse(size);
      try {
        await this.evaluateOrThrow(start + done, size, done);
      } catch (error) {
        if (count > 1) throw error;
        this.#columns.clear(0);
        return { done: 1, failures: [{ parameter: start, kind: "threw", error: describeError(error) }] };
      }
      done += size;
      const took = performance.now() - before;
      if (took < CALL_MS.least && size === this.#size) this.#size *= 2;
      else if (took > CALL_MS.most) this.#size = Math.max(1, size >>> 1);
      const paused = pause(done);
      if (paused !== undefined && (await paused)) break;
    }
    return { done, failures: [] };
  }

  /**
   * @param at the index in the columns of the first result. @default 0
   * @throws every error of the function.
   */
  async evaluateOrThrow(start: number, count: number, at = 0): Promise<void> {
    const { names, buffers, areDeclared } = this.#columns;
    // A value that the function does not set is NaN, never a value of the block before.
    const views = buffers.map((buffer) => buffer.subarray(at, at + count).fill(Number.NaN));
    const out = areDeclared ? Object.fromEntries(names.map((name, place) => [name, views[place]])) : views[0];
    await this.#evaluateBlock(start, count, out as Parameters<EvaluateBlock>[2], this.#context);
    for (const view of views) canonicalize(view);
  }
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** A value for an error message, in at most 200 characters. Like {@link describeError}, it never throws. */
export function describeValue(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
  } catch {
    // For example a cycle: the type has to do.
  }
  text ??= typeof value === "function" ? "a function" : textOr(() => String(value), withoutDescription(value));
  return shorten(text, 200);
}
