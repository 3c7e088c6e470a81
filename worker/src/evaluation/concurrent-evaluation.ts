import { describeError } from "../contract/errors.ts";
import type { Checksum } from "../stores/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { Failure } from "../stores/store.ts";
import { describeValue } from "./block-evaluator.ts";
import { fatal } from "./channel.ts";
import { Flights, type FlightsOptions } from "./flights.ts";
import { DEFAULT_COLUMNS } from "./module.ts";
import { OpenBlock, type Part } from "./open-block.ts";
import type { BlockOrder, CompletedPart, Evaluation, FromEvaluation, ToEvaluation } from "./protocol.ts";
import { ResultColumns } from "./result-columns.ts";
import { patienceOf, type Waiter, Watch } from "./watch.ts";

/** Finished parts are reported together after this time. */
const REPORT_EVERY_MS = 20;
/** The longest stretch of work between two turns of the event loop. A promise that is resolved already does not turn it. */
const STRETCH_MS = 5;
/**
 * Most values of the blocks that have parameters in flight, 8 bytes each. A slow parameter holds up neither the rest of its block nor
 * the next blocks, until this many values wait for it. A block that is larger waits for its last parameter before the next begins.
 */
const MOST_OPEN_VALUES = 1_000_000;

/** The evaluation and the surroundings of a {@link ConcurrentEvaluation}. */
export interface ConcurrentOptions extends Pick<FlightsOptions, "evaluate" | "concurrency" | "seed"> {
  /** The columns that the evaluation names. Undefined if it returns plain numbers. */
  readonly columns: readonly string[] | undefined;
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
 */
export class ConcurrentEvaluation implements Evaluation, Waiter {
  readonly names: readonly string[];
  readonly concurrency: number;
  readonly #options: ConcurrentOptions;
  readonly #flights: Flights;
  #completing: NodeJS.Timeout | undefined;
  #files: ColumnFiles | undefined;
  readonly #queue: BlockOrder[] = [];
  /** In the order of their starts. Only the last may have parameters that are not started. */
  readonly #open: OpenBlock[] = [];
  #openValues = 0;
  #parts: CompletedPart[] = [];
  #reporting: NodeJS.Timeout | undefined;
  #turnedAt = performance.now();
  #isDeferred = false;
  #isStopping = false;
  #isYielding = false;
  #hasEnded = false;

  constructor(options: ConcurrentOptions) {
    this.names = options.columns ?? DEFAULT_COLUMNS;
    this.concurrency = options.concurrency;
    this.#options = options;
    const { evaluate, concurrency, seed } = options;
    this.#flights = new Flights({
      evaluate,
      concurrency,
      seed,
      onRoom: () => {
        if (this.#isStopping && this.#flights.isEmpty) this.#end();
        else if (this.#isYielding && this.#flights.isEmpty) this.#dropBlocks();
        else this.#startMore();
      },
      fail: (error) => this.fail(error),
    });
  }

  open({ spoolPaths, completeEveryMs, timeoutMs, inFlightPath }: ToEvaluation & { readonly type: "open" }): void {
    this.#files = ColumnFiles.open(spoolPaths);
    this.#flights.open(timeoutMs, inFlightPath);
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

  yield(): void {
    this.#queue.length = 0;
    this.#isYielding = true;
    if (this.#flights.isEmpty) this.#dropBlocks();
  }

  #dropBlocks(): void {
    this.#isYielding = false;
    this.#completeAll();
    this.#open.length = 0;
    this.#openValues = 0;
    this.#report();
    this.#options.send({ type: "yielded" });
  }

  async evaluateAlone(parameter: number): Promise<void> {
    const columns = this.#newColumns(1);
    const store = columns.createStore();
    await new Promise<void>((resolve) => {
      this.#flights.start(parameter, (result, failure) => {
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
    if (this.#flights.isEmpty || patienceMs === 0) this.#end();
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
    this.#flights.abandonAll();
  }

  /** Between two stretches of work, too: promises that are resolved already are never seen pending. */
  get isWaiting(): boolean {
    return !this.#flights.isEmpty || this.#isDeferred;
  }

  hasOverdue(now: number): boolean {
    return this.#flights.hasOverdue(now);
  }

  abandonOverdue(now: number): void {
    this.#flights.abandonOverdue(now);
  }

  /** Keeps as many parameters in flight as there may be. */
  #startMore(): void {
    while (!this.#isStopping && !this.#isYielding && !this.#hasEnded && !this.#isDeferred && this.#flights.hasRoom) {
      if (performance.now() - this.#turnedAt > STRETCH_MS) {
        this.#defer();
        return;
      }
      const block = this.#blockToStart();
      if (block === undefined) return;
      const index = block.started++;
      const parameter = block.start + index;
      this.#flights.start(parameter, (result, failure) => {
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

  #complete(block: OpenBlock, parts: readonly Part[]): void {
    for (const { from, to } of parts) {
      const columns = block.columns.buffers.map((buffer) => buffer.subarray(from, to));
      (this.#files as ColumnFiles).write(block.position + from, to - from, columns);
      const start = block.start + from;
      const checksum = this.#options.checksum(start, columns);
      const failures = block.failuresOf(from, to);
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
    this.#options.send(fatal(error));
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
