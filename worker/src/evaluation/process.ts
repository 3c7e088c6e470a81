import { Worker } from "node:worker_threads";
import { describeError, isInstance, PermanentError, SweepError } from "../contract/errors.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import { type Checksum, createChecksum } from "../stores/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import { type BlockEvaluator, type EvaluatedPart, FunctionEvaluator, VectorEvaluator } from "./block-evaluator.ts";
import { takeChannel } from "./channel.ts";
import { CommandEvaluator } from "./command.ts";
import { DEFAULT_COLUMNS, type Evaluate, type EvaluateBlock, importEvaluation } from "./module.ts";
import { ProcessClock } from "./process-clock.ts";
import type { BlockOrder, CompletedPart, FromEvaluation, ToEvaluation } from "./protocol.ts";
import { ResultColumns } from "./result-columns.ts";

/*
 * The evaluation process runs the user's code, and nothing that must survive it: it may be killed at any moment. The user's
 * function has this process to itself, so that V8 compiles the loop around it for this function alone.
 */

/** Finished blocks are reported together after this time: a message costs as much as a thousand cheap parameters. */
const REPORT_EVERY_MS = 20;
/** A block that takes longer reports this often that it is alive. */
const HEARTBEAT_EVERY_MS = 100;

const sendAndThen = takeChannel();

type CreateEvaluator = (columns: ResultColumns) => BlockEvaluator;

class EvaluationProcess {
  readonly names: readonly string[];
  readonly #areDeclared: boolean;
  readonly #createEvaluator: CreateEvaluator;
  readonly #checksum: Checksum;
  #evaluator: BlockEvaluator | undefined;
  #buffers: readonly Float64Array[] = [];
  #files: ColumnFiles | undefined;
  #completeEveryMs = 0;
  #clock: ProcessClock | undefined;
  readonly #queue: BlockOrder[] = [];
  #completed: CompletedPart[] = [];
  #reportedAt = 0;
  #heartbeatAt = 0;
  #partStartedAt = 0;
  #working = false;
  #stopping = false;

  constructor(declared: readonly string[] | undefined, createEvaluator: CreateEvaluator, checksum: Checksum) {
    this.names = declared ?? DEFAULT_COLUMNS;
    this.#areDeclared = declared !== undefined;
    this.#createEvaluator = createEvaluator;
    this.#checksum = checksum;
  }

  open({ spoolPaths, batchSize, completeEveryMs, isMeasured }: ToEvaluation & { type: "open" }): void {
    this.#completeEveryMs = completeEveryMs;
    if (isMeasured) this.#clock = new ProcessClock();
    const columns = new ResultColumns(this.names, this.#areDeclared, batchSize);
    this.#buffers = columns.buffers;
    this.#evaluator = this.#createEvaluator(columns);
    this.#files = ColumnFiles.open(spoolPaths);
  }

  pace(completeEveryMs: number): void {
    this.#completeEveryMs = completeEveryMs;
  }

  async add(blocks: readonly BlockOrder[]): Promise<void> {
    this.#queue.push(...blocks);
    if (this.#working) return;
    this.#working = true;
    this.#reportedAt = performance.now();
    try {
      for (let block = this.#queue.shift(); block !== undefined && !this.#stopping; block = this.#queue.shift()) {
        await this.#evaluateBlock(block);
        const now = performance.now();
        // Nothing follows the last block, nor a stop.
        const isLast = this.#queue.length === 0 || this.#stopping;
        if (isLast || now - this.#reportedAt > REPORT_EVERY_MS) await this.#report(now);
      }
    } catch (error) {
      // This block could not be written; the blocks before it were.
      await this.#report(performance.now());
      throw error;
    }
    // There must be no `await` after the queue was found empty: blocks that arrive during it would never be evaluated.
    this.#working = false;
    if (this.#stopping) this.stop();
  }

  /** Evaluates one parameter by itself, and answers with its values. */
  async evaluateAlone(parameter: number): Promise<void> {
    const { failures } = await (this.#evaluator as BlockEvaluator).evaluate(parameter, 1, () => undefined);
    send({ type: "parameter", values: this.#buffers.map((buffer) => buffer[0] as number), failure: failures[0] });
  }

  /** Exits when everything is reported. The finished part of the current block is completed first. */
  stop(): void {
    this.#stopping = true;
    if (this.#working) return;
    sendAndThen({ type: "completed", parts: [] }, () => process.exit(0));
  }

  async #evaluateBlock({ start, count, position }: BlockOrder): Promise<void> {
    for (let from = 0; from < count && !this.#stopping; ) {
      let part: EvaluatedPart;
      const stopClock = this.#clock?.start();
      this.#partStartedAt = performance.now();
      try {
        part = await (this.#evaluator as BlockEvaluator).evaluate(start + from, count - from, (done) =>
          this.#pause(done),
        );
      } catch (error) {
        if (isInstance(error, SweepError)) throw error;
        await this.#report(performance.now());
        send({ type: "block-failed", block: start, error: describeError(error) });
        return;
      }
      const { done, failures } = part;
      const columns = this.#buffers.map((buffer) => buffer.subarray(0, done));
      const checksum = this.#checksum(start + from, columns);
      (this.#files as ColumnFiles).write(position + from, done, columns);
      this.#completed.push({ block: start, start: start + from, count: done, checksum, failures, time: stopClock?.() });
      from += done;
    }
  }

  #pause(done: number): Promise<boolean> | undefined {
    const now = performance.now();
    return now - this.#reportedAt < REPORT_EVERY_MS ? undefined : this.#hearMessages(now, done);
  }

  /** @returns whether the part should be completed now. */
  async #hearMessages(now: number, done: number): Promise<boolean> {
    if (now - this.#heartbeatAt > HEARTBEAT_EVERY_MS) {
      this.#heartbeatAt = now;
      send({ type: "progress", done });
    }
    await this.#report(now);
    return this.#stopping || now - this.#partStartedAt > this.#completeEveryMs;
  }

  async #report(now: number): Promise<void> {
    this.#reportedAt = now;
    if (this.#completed.length > 0) send({ type: "completed", parts: this.#completed });
    this.#completed = [];
    await nextTurn();
  }
}

/** Waits for one turn of the event loop, in which messages are sent and received. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function send(message: FromEvaluation): void {
  sendAndThen(message);
}

/** Simulates slow work: sleeps for this many milliseconds before each parameter. */
function sleeper(simulateWorkMs: number): (parameters: number) => void {
  if (simulateWorkMs === 0) return () => {};
  const never = new Int32Array(new SharedArrayBuffer(4));
  return (parameters) => {
    Atomics.wait(never, 0, 0, simulateWorkMs * parameters);
  };
}

async function load({ source, seed, simulateWorkMs }: ToEvaluation & { type: "load" }): Promise<EvaluationProcess> {
  const context = new CounterBasedContext(seed);
  const checksum = await createChecksum();
  const sleep = sleeper(simulateWorkMs);
  if ("command" in source) {
    const create: CreateEvaluator = (columns) => new CommandEvaluator(source.command, context, columns, () => sleep(1));
    return new EvaluationProcess(source.columns, create, checksum);
  }
  const { evaluate, evaluateBlock, columns: declared } = await importEvaluation(source.modulePath, source.name);
  const create: CreateEvaluator = (columns) => {
    if (evaluate === undefined) {
      return new VectorEvaluator(evaluateBlock as EvaluateBlock, context, columns, sleep);
    }
    const slowed: Evaluate = (parameter, own) => {
      sleep(1);
      return evaluate(parameter, own);
    };
    return new FunctionEvaluator(simulateWorkMs === 0 ? evaluate : slowed, context, columns);
  };
  return new EvaluationProcess(declared, create, checksum);
}

/** Ends this process group when the supervisor is gone, even while the evaluation is in an endless loop. */
function watchSupervisor(): void {
  const watcher = new Worker(
    `const { workerData } = require("node:worker_threads");
     setInterval(() => { if (process.ppid !== workerData) process.kill(-process.pid, "SIGKILL"); }, 500);`,
    { eval: true, workerData: process.ppid, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 8 } },
  );
  watcher.unref();
}

async function handle(message: ToEvaluation): Promise<void> {
  if (message.type === "load") {
    evaluation = await load(message);
    send({ type: "loaded", columns: evaluation.names });
    return;
  }
  // The supervisor sends everything else only after it has received "loaded".
  const loaded = evaluation as EvaluationProcess;
  if (message.type === "open") loaded.open(message);
  else if (message.type === "pace") loaded.pace(message.completeEveryMs);
  else if (message.type === "blocks") await loaded.add(message.blocks);
  else if (message.type === "parameter") await loaded.evaluateAlone(message.parameter);
  else loaded.stop();
}

let evaluation: EvaluationProcess | undefined;
watchSupervisor();
// An evaluation may leave a promise or a timer behind when it returns. An error in it belongs to no parameter: the result stands,
// in every run alike, and the error is shown.
process.on("uncaughtException", (error) => {
  process.stderr.write(`the evaluation left an error behind after it had returned: ${describeError(error)}\n`);
});
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
process.on("message", (message: ToEvaluation) => {
  handle(message).catch((error) => {
    const message = isInstance(error, SweepError) ? error.message : describeError(error);
    send({ type: "fatal", permanent: isInstance(error, PermanentError), message });
  });
});
