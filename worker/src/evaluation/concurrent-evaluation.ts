import { describeError, EXIT_CODE, isInstance, SweepError } from "../contract/errors.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import type { Checksum } from "../stores/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { Failure } from "../stores/store.ts";
import { describeValue, isPromise } from "./block-evaluator.ts";
import { InFlightFile } from "./in-flight-file.ts";
import { DEFAULT_COLUMNS, type Evaluate } from "./module.ts";
import { OpenBlock } from "./open-block.ts";
import type { BlockOrder, CompletedPart, Evaluation, FromEvaluation, ToEvaluation } from "./protocol.ts";
import { ResultColumns } from "./result-columns.ts";
import { type Abandonment, abortSignal, patienceOf, timeoutFailure, type Waiter, Watch } from "./watch.ts";

/** Finished parts are reported together after this time. */
const REPORT_EVERY_MS = 20;
/** The longest stretch of work between two turns of the event loop. A promise that is resolved already does not turn it. */
const STRETCH_MS = 5;
/**
 * Most values of the blocks that have parameters in flight, 8 bytes each. A slow parameter holds up neither the rest of its block nor
 * the next blocks, until this many values wait for it. A block that is larger waits for its last parameter before the next begins.
 */
const MOST_OPEN_VALUES = 1_000_000;

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

/** The evaluation and the surroundings of a {@link ConcurrentEvaluation}. */
export interface ConcurrentOptions {
  /** The columns that the evaluation names. Undefined if it returns plain numbers. */
  readonly columns: readonly string[] | undefined;
  /** It may throw a {@link ParameterFailure}, or a SweepError, which ends the worker. */
  readonly evaluate: Evaluate;
  readonly concurrency: number;
  readonly seed: number;
  readonly checksum: Checksum;
  /** Whether finished parameters may be committed. @default always */
  readonly mayComplete?: () => boolean;
  readonly send: (message: FromEvaluation) => void;
  /** Ends the process after the last message. */
  readonly exit: () => void;
}

/**
 * Keeps several parameters in flight, across blocks, so that no block waits for the last parameter of the block before. Values stand
 * at their parameter's place, so that the order in which promises resolve does not change a byte.
 *
 * Each parameter has a context of its own, because their draws of random numbers alternate.
 */
export class ConcurrentEvaluation implements Evaluation, Waiter {
  readonly names: readonly string[];
  readonly concurrency: number;
  readonly #options: ConcurrentOptions;
  /** In the order of their starts, and so of their ends of time. */
  readonly #flights = new Set<Flight>();
  #timeoutMs = 0;
  #completing: NodeJS.Timeout | undefined;
  #files: ColumnFiles | undefined;
  #inFlightFile: InFlightFile | undefined;
  readonly #freeSlots: number[];
  readonly #queue: BlockOrder[] = [];
  /** In the order of their starts. Only the last may have parameters that are not started. */
  readonly #open: OpenBlock[] = [];
  #openValues = 0;
  /** The context of the next parameter, if it was not used up by a parameter that waits. */
  #context: CounterBasedContext | undefined;
  #parts: CompletedPart[] = [];
  #reporting: NodeJS.Timeout | undefined;
  #turnedAt = performance.now();
  #isDeferred = false;
  #isStopping = false;
  #hasEnded = false;

  constructor(options: ConcurrentOptions) {
    this.names = options.columns ?? DEFAULT_COLUMNS;
    this.concurrency = options.concurrency;
    this.#options = options;
    this.#freeSlots = Array.from({ length: options.concurrency }, (_, slot) => options.concurrency - 1 - slot);
  }

  open({ spoolPaths, completeEveryMs, timeoutMs, inFlightPath }: ToEvaluation & { readonly type: "open" }): void {
    this.#timeoutMs = timeoutMs;
    this.#files = ColumnFiles.open(spoolPaths);
    this.#inFlightFile = new InFlightFile(inFlightPath);
    new Watch(this, timeoutMs, () => {
      const done = this.#open.reduce((sum, block) => sum + block.finished - block.completed, 0);
      this.#options.send({ type: "progress", done });
    });
    this.pace(completeEveryMs);
  }

  pace(completeEveryMs: number): void {
    clearInterval(this.#completing);
    this.#completing = setInterval(() => this.#completeBeginnings(), completeEveryMs).unref();
  }

  async add(blocks: readonly BlockOrder[]): Promise<void> {
    this.#queue.push(...blocks);
    this.#startMore();
  }

  async evaluateAlone(parameter: number): Promise<void> {
    const columns = this.#newColumns(1);
    const store = columns.createStore();
    await new Promise<void>((resolve) => {
      this.#start(parameter, (result, failure) => {
        const own = failure ?? storeOrFail(parameter, result, () => store(result, 0), columns);
        if (own !== undefined) columns.clear(0);
        this.#options.send({
          type: "parameter",
          values: columns.buffers.map(([value]) => value as number),
          failure: own,
        });
        resolve();
      });
    });
  }

  /**
   * Starts nothing more, and completes everything finished, also behind a gap. What is still in flight when the time is nearly over is
   * left out: the next start computes it.
   */
  stop(withinMs: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#completeAll();
    const patienceMs = patienceOf(withinMs);
    if (this.#flights.size === 0 || patienceMs === 0) this.#end();
    else setTimeout(() => this.#end(), patienceMs);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.stopWaiting();
    this.#completeAll();
    this.#report();
    this.#options.exit();
  }

  stopWaiting(): void {
    for (const flight of this.#flights) this.#abandon(flight, "stop");
  }

  get isWaiting(): boolean {
    return this.#flights.size > 0;
  }

  hasOverdue(now: number): boolean {
    const [oldest] = this.#flights;
    return this.#timeoutMs > 0 && oldest !== undefined && now - oldest.startedAt >= this.#timeoutMs;
  }

  abandonOverdue(now: number): void {
    for (const flight of this.#flights) {
      if (now - flight.startedAt < this.#timeoutMs) break;
      this.#abandon(flight, "timeout");
    }
  }

  #abandon(flight: Flight, why: Abandonment): void {
    this.#flights.delete(flight);
    flight.abandon(why);
    abortSignal(flight.context, why, this.#timeoutMs);
  }

  /** Keeps as many parameters in flight as there may be. */
  #startMore(): void {
    while (!this.#isStopping && !this.#hasEnded && !this.#isDeferred && this.#freeSlots.length > 0) {
      if (performance.now() - this.#turnedAt > STRETCH_MS) {
        this.#defer();
        return;
      }
      const block = this.#blockToStart();
      if (block === undefined) return;
      const index = block.started++;
      const parameter = block.start + index;
      this.#start(parameter, (result, failure) => {
        const own = failure ?? storeOrFail(parameter, result, () => block.store(result, index), block.columns);
        block.finish(index, own);
        if (block.finished === block.count) this.#close(block);
      });
    }
  }

  /** Starts more after a turn of the event loop, in which messages are sent and received and answers arrive. */
  #defer(): void {
    this.#isDeferred = true;
    setImmediate(() => {
      this.#isDeferred = false;
      this.#turnedAt = performance.now();
      this.#startMore();
    });
  }

  #blockToStart(): OpenBlock | undefined {
    const last = this.#open.at(-1);
    if (last !== undefined && last.started < last.count) return last;
    const next = this.#queue[0];
    if (next === undefined) return undefined;
    const values = next.count * this.names.length;
    if (this.#open.length > 0 && this.#openValues + values > MOST_OPEN_VALUES) return undefined;
    this.#queue.shift();
    this.#openValues += values;
    const block = new OpenBlock(next, this.#newColumns(next.count));
    this.#open.push(block);
    return block;
  }

  /** Calls the user's function. `onEnd` is called once with its result or its failure, and never if a stop comes first. */
  #start(parameter: number, onEnd: (result: unknown, failure: Failure | undefined) => void): void {
    const slot = this.#freeSlots.pop() as number;
    const context = this.#context ?? new CounterBasedContext(this.#options.seed);
    context.moveTo(parameter);
    this.#context = undefined;
    const end = (result: unknown, failure: Failure | undefined) => {
      try {
        this.#inFlightFile?.set(slot, undefined);
        this.#freeSlots.push(slot);
        onEnd(result, failure);
      } catch (error) {
        this.fail(error);
      }
    };
    const endWithError = (error: unknown) => {
      if (isInstance(error, SweepError)) this.fail(error);
      else if (isInstance(error, ParameterFailure))
        end(undefined, { parameter, kind: error.kind, error: error.message });
      else end(undefined, { parameter, kind: "threw", error: describeError(error) });
    };
    let result: unknown;
    let isPending: boolean;
    try {
      this.#inFlightFile?.set(slot, parameter);
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
      this.#flights.delete(flight);
      then();
      if (this.#isStopping && this.#flights.size === 0) this.#end();
      else this.#startMore();
    };
    const abandon = (why: Abandonment) => {
      if (why === "timeout") once(() => end(undefined, timeoutFailure(parameter, this.#timeoutMs)));
      hasEnded = true;
    };
    const flight: Flight = { context, startedAt: performance.now(), abandon };
    this.#flights.add(flight);
    Promise.resolve(result).then(
      (value) => once(() => end(value, undefined)),
      (error) => once(() => endWithError(error)),
    );
  }

  #newColumns(count: number): ResultColumns {
    return new ResultColumns(this.names, this.#options.columns !== undefined, count);
  }

  #close(block: OpenBlock): void {
    this.#complete(block, block.finishedParts());
    this.#open.splice(this.#open.indexOf(block), 1);
    this.#openValues -= block.count * this.names.length;
    // The supervisor waits for the last block.
    if (this.#queue.length === 0 && this.#open.length === 0) this.#report();
  }

  #completeAll(): void {
    if (this.#options.mayComplete?.() === false) return;
    try {
      for (const block of this.#open) this.#complete(block, block.finishedParts());
    } catch (error) {
      this.fail(error);
    }
  }

  /** A long block is committed from its beginning, in parts. What is finished behind a gap waits, because many small parts cost more. */
  #completeBeginnings(): void {
    if (this.#options.mayComplete?.() === false) return;
    try {
      for (const block of this.#open) this.#complete(block, block.finishedBeginning());
    } catch (error) {
      this.fail(error);
    }
  }

  #complete(block: OpenBlock, parts: readonly { readonly from: number; readonly to: number }[]): void {
    for (const { from, to } of parts) {
      const columns = block.columns.buffers.map((buffer) => buffer.subarray(from, to));
      (this.#files as ColumnFiles).write(block.position + from, to - from, columns);
      const start = block.start + from;
      const checksum = this.#options.checksum(start, columns);
      const failures = block.takeFailures(from, to);
      this.#parts.push({ block: block.start, start, count: to - from, checksum, failures });
    }
    if (this.#parts.length > 0) this.#reporting ??= setTimeout(() => this.#report(), REPORT_EVERY_MS);
  }

  #report(): void {
    clearTimeout(this.#reporting);
    this.#reporting = undefined;
    if (this.#parts.length > 0) this.#options.send({ type: "completed", parts: this.#parts });
    this.#parts = [];
  }

  /** Ends the worker with an error. */
  fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#report();
    this.#options.send({ type: "fatal", permanent: isPermanent(error), message: (error as Error).message });
  }
}

/** Stores a result. @returns the failure of a result that is none, or that throws when its properties are read. */
function storeOrFail(
  parameter: number,
  result: unknown,
  store: () => boolean,
  { expected }: ResultColumns,
): Failure | undefined {
  try {
    if (store()) return undefined;
    return { parameter, kind: "invalid-result", error: `returned ${describeValue(result)}; expected ${expected}` };
  } catch (error) {
    return { parameter, kind: "threw", error: describeError(error) };
  }
}

function isPermanent(error: unknown): boolean {
  return isInstance(error, SweepError) && error.exitCode === EXIT_CODE.PERMANENT;
}
