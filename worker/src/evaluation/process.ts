import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { describeError, isInstance, PermanentError, SweepError } from "../contract/errors.ts";
import { describeProblem, type Problem, show } from "../contract/problems.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import { type Checksum, createChecksum } from "../stores/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import { type BlockEvaluator, type EvaluatedPart, FunctionEvaluator, VectorEvaluator } from "./block-evaluator.ts";
import { fatal, takeChannel } from "./channel.ts";
import { CommandEvaluator } from "./command.ts";
import { ConcurrentEvaluation } from "./concurrent-evaluation.ts";
import { DEFAULT_COLUMNS, type Evaluate, type EvaluateBlock, importEvaluation } from "./module.ts";
import { ProcessClock } from "./process-clock.ts";
import { ProgramPool } from "./program-pool.ts";
import type { BlockOrder, CompletedPart, Evaluation, FromEvaluation, ToEvaluation } from "./protocol.ts";
import { ResultColumns } from "./result-columns.ts";
import { SimulatedWork } from "./simulated-work.ts";
import { patienceOf, type Waiter, Watch } from "./watch.ts";

/*
 * The evaluation process runs the user's code, and nothing that must survive it: it may be killed at any moment. The user's
 * function has this process to itself, so that V8 compiles the loop around it for this function alone.
 */

/** Finished blocks are reported together after this time: a message costs as much as a thousand cheap parameters. */
const REPORT_EVERY_MS = 20;
/** A block that takes longer reports this often that it is alive. */
const HEARTBEAT_EVERY_MS = 100;

/** The supervisor may have ended before this process could ask for its parent. User code does not see the argument. */
const supervisorPid = Number(process.argv.pop());
const supervisorIsGone = () => process.ppid !== supervisorPid;
const sendAndThen = takeChannel(supervisorIsGone);

type CreateEvaluator = (columns: ResultColumns, timeoutMs: number) => VectorEvaluator | (BlockEvaluator & Waiter);

class EvaluationProcess implements Evaluation {
  readonly names: readonly string[];
  readonly concurrency = 1;
  readonly #areDeclared: boolean;
  readonly #createEvaluator: CreateEvaluator;
  readonly #checksum: Checksum;
  #evaluator: BlockEvaluator | undefined;
  #waiter: Waiter | undefined;
  #buffers: readonly Float64Array[] = [];
  #files: ColumnFiles | undefined;
  #completeEveryMs = 0;
  #clock: ProcessClock | undefined;
  readonly #queue: BlockOrder[] = [];
  #completed: CompletedPart[] = [];
  #reportedAt = 0;
  #heartbeatAt = 0;
  /** The parameters of the part that were done when messages were heard last. */
  #done = 0;
  #partStartedAt = 0;
  #working = false;
  #stopping = false;
  #yielding = false;

  constructor(declared: readonly string[] | undefined, createEvaluator: CreateEvaluator, checksum: Checksum) {
    this.names = declared ?? DEFAULT_COLUMNS;
    this.#areDeclared = declared !== undefined;
    this.#createEvaluator = createEvaluator;
    this.#checksum = checksum;
  }

  open(order: ToEvaluation & { readonly type: "open" }): void {
    const { spoolPaths, batchSize, completeEveryMs, timeoutMs, isMeasured } = order;
    this.#completeEveryMs = completeEveryMs;
    if (isMeasured) this.#clock = new ProcessClock();
    const columns = new ResultColumns(this.names, this.#areDeclared, batchSize);
    this.#buffers = columns.buffers;
    this.#files = ColumnFiles.open(spoolPaths);
    const evaluator = this.#createEvaluator(columns, timeoutMs);
    this.#evaluator = evaluator;
    // The supervisor alone watches over evaluateBlock.
    if (evaluator instanceof VectorEvaluator) return;
    this.#waiter = evaluator;
    new Watch(evaluator, timeoutMs, () => send({ type: "progress", done: this.#done }));
  }

  pace(completeEveryMs: number): void {
    this.#completeEveryMs = completeEveryMs;
  }

  async add(blocks: readonly BlockOrder[]): Promise<void> {
    this.#queue.push(...blocks);
    if (this.#working) return;
    this.#working = true;
    // A turn that begins while a message is handled ends before the next message is read. Without this one, a yield during the first
    // parameter would be heard only after the second.
    await nextTurn();
    this.#reportedAt = performance.now();
    try {
      for (let block = this.#queue.shift(); block !== undefined && !this.#ends; block = this.#queue.shift()) {
        await this.#evaluateBlock(block);
        const now = performance.now();
        // Nothing follows the last block, nor a stop.
        const isLast = this.#queue.length === 0 || this.#ends;
        if (isLast || now - this.#reportedAt > REPORT_EVERY_MS) await this.#report(now);
      }
    } catch (error) {
      // This block could not be written; the blocks before it were.
      await this.#report(performance.now());
      throw error;
    }
    // There must be no `await` after the queue was found empty: blocks that arrive during it would never be evaluated.
    this.#working = false;
    if (this.#stopping) void exit();
    else if (this.#yielding) this.#sendYielded();
  }

  yield(): void {
    this.#queue.length = 0;
    this.#yielding = true;
    if (!this.#working) this.#sendYielded();
  }

  #sendYielded(): void {
    this.#yielding = false;
    send({ type: "yielded" });
  }

  /** Whether the block in work ends with its finished part. */
  get #ends(): boolean {
    return this.#stopping || this.#yielding;
  }

  /** Evaluates one parameter by itself, and answers with its values. */
  async evaluateAlone(parameter: number): Promise<void> {
    const { done, failures } = await (this.#evaluator as BlockEvaluator).evaluate(parameter, 1, () => undefined);
    // A stop has left it out, and the buffers hold values of another parameter.
    if (done === 0) return;
    send({ type: "parameter", values: this.#buffers.map((buffer) => buffer[0] as number), failure: failures[0] });
  }

  /** Exits when everything is reported. The finished part of the current block is completed first. */
  stop(withinMs: number): void {
    this.#stopping = true;
    const patienceMs = patienceOf(withinMs);
    if (patienceMs === 0) this.#waiter?.stopWaiting();
    else void setTimeout(patienceMs, undefined, { ref: false }).then(() => this.#waiter?.stopWaiting());
    if (!this.#working) void exit();
  }

  async #evaluateBlock({ start, count, position }: BlockOrder): Promise<void> {
    for (let from = 0; from < count && !this.#ends; ) {
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
      this.#done = 0;
      if (done === 0) continue;
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
    this.#done = done;
    if (now - this.#heartbeatAt > HEARTBEAT_EVERY_MS) {
      this.#heartbeatAt = now;
      send({ type: "progress", done });
    }
    await this.#report(now);
    return this.#ends || now - this.#partStartedAt > this.#completeEveryMs;
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

/** Exits when all messages are sent, and when the output that programs have printed before their last answers has been read. */
async function exit(): Promise<void> {
  await nextTurn();
  await nextTurn();
  sendAndThen({ type: "completed", parts: [] }, () => process.exit(0));
}

async function load(message: ToEvaluation & { type: "load" }): Promise<Evaluation> {
  const { source, seed, simulateWorkMs } = message;
  const context = new CounterBasedContext(seed);
  const checksum = await createChecksum();
  const work = new SimulatedWork(simulateWorkMs);
  const concurrently = (concurrency: number, evaluate: Evaluate) => ({
    evaluate: work.beside(evaluate),
    concurrency,
    seed,
    checksum,
    send,
    exit,
  });
  if ("command" in source) {
    const { command, columns: declared } = source;
    if (message.concurrency !== undefined && message.concurrency > 1) {
      const pool = new ProgramPool(command, declared, message.concurrency, (error) => evaluation.fail(error));
      const evaluation = new ConcurrentEvaluation({
        columns: declared,
        ...concurrently(message.concurrency, pool.evaluate),
        mayComplete: pool.mayComplete,
      });
      return evaluation;
    }
    const create: CreateEvaluator = (columns, timeoutMs) =>
      new CommandEvaluator(command, context, columns, timeoutMs, () => work.sleep(1));
    return new EvaluationProcess(source.columns, create, checksum);
  }
  const exported = await importEvaluation(source.modulePath, source.name);
  const { evaluate, evaluateBlock, columns: declared } = exported;
  const concurrency = message.concurrency ?? exported.concurrency ?? 1;
  if (concurrency > 1) {
    if (evaluate === undefined) throw new PermanentError(describeProblem(concurrentBlocks(concurrency)));
    return new ConcurrentEvaluation({ columns: declared, ...concurrently(concurrency, evaluate) });
  }
  const create: CreateEvaluator = (columns, timeoutMs) => {
    if (evaluate === undefined)
      return new VectorEvaluator(evaluateBlock as EvaluateBlock, context, columns, work.sleep);
    return new FunctionEvaluator(work.before(evaluate), context, columns, timeoutMs);
  };
  return new EvaluationProcess(declared, create, checksum);
}

function concurrentBlocks(concurrency: number): Problem {
  return {
    path: ["concurrency"],
    allowed: "1 for a module that exports evaluateBlock",
    got: show(concurrency),
    fix: "export evaluate, or wait for several parameters at a time inside evaluateBlock",
  };
}

/** Ends this process group when the supervisor is gone, even while the evaluation is in an endless loop. */
function watchSupervisor(): void {
  const watcher = new Worker(
    `const { workerData } = require("node:worker_threads");
     setInterval(() => { if (process.ppid !== workerData) process.kill(-process.pid, "SIGKILL"); }, 500);`,
    { eval: true, workerData: supervisorPid, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 8 } },
  );
  watcher.unref();
}

async function handle(message: ToEvaluation): Promise<void> {
  if (message.type === "load") {
    evaluation = await load(message);
    send({ type: "loaded", columns: evaluation.names, concurrency: evaluation.concurrency });
    return;
  }
  // The supervisor sends everything else only after it has received "loaded".
  const loaded = evaluation as Evaluation;
  if (message.type === "open") loaded.open(message);
  else if (message.type === "pace") loaded.pace(message.completeEveryMs);
  else if (message.type === "blocks") await loaded.add(message.blocks);
  else if (message.type === "yield") loaded.yield();
  else if (message.type === "parameter") await loaded.evaluateAlone(message.parameter);
  else loaded.stop(message.withinMs);
}

let evaluation: Evaluation | undefined;
watchSupervisor();
// An evaluation may leave a promise or a timer behind when it returns. An error in it belongs to no parameter: the result stands,
// in every run alike, and the error is shown.
// Standard error breaks when the supervisor ends. An error without a listener would be written there, and break again, without end.
process.stderr.on("error", () => {});
process.on("uncaughtException", (error) => {
  process.stderr.write(`the evaluation left an error behind after it had returned: ${describeError(error)}\n`);
});
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
process.on("message", (message: ToEvaluation) => {
  handle(message).catch((error) => send(fatal(error)));
});
