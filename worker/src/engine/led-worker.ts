import { countNoun } from "../contract/format.ts";
import type { WorkerSettings } from "../contract/worker-settings.ts";
import { countOf, hullOf, type Range, type RangeCollector, subtract } from "../parameters/ranges.ts";
import { blocksOf } from "../parameters/splitting.ts";
import { Inbox } from "../supervisor/inbox.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { FromLedWorker, ToLedWorker } from "./led-messages.ts";
import { OpenedWorker } from "./opened-worker.ts";
import { resolveSettings } from "./options.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import { RecordingWriter } from "./recording-writer.ts";
import { StoppedError } from "./stopping.ts";
import type { RunWorkerHooks } from "./worker-hooks.ts";

/** The worker's end of the channel to `sweep run`. */
export interface LeaderChannel {
  send(message: FromLedWorker): void;
  /** Sets the listener for messages. Those that came before are delivered to it. */
  listen(listener: (message: ToLedWorker) => void): void;
}

/** The hooks of a worker whose leader hears of its progress. */
export type LedWorkerHooks = Omit<RunWorkerHooks, "onProgress">;

/**
 * Computes the ranges that a leader gives, one list after the other, while the evaluation stays loaded.
 *
 * @throws SweepError if the worker cannot go on. Committed results stay.
 */
export async function runLedWorker(
  options: WorkerSettings,
  leader: LeaderChannel,
  hooks: LedWorkerHooks,
): Promise<void> {
  await OpenedWorker.use(resolveSettings(options), hooks, (worker) => new LedWorker(worker, leader).run());
}

class LedWorker {
  readonly #worker: OpenedWorker;
  readonly #leader: LeaderChannel;
  readonly #writer: RecordingWriter;
  readonly #progress: ProgressReporter;
  readonly #orders = new Inbox<readonly Range[] | "end" | "stop">();
  #supervisor: Supervisor | undefined;
  /** Whether it owes the leader an answer. */
  #hasWork = false;
  #mustYield = false;
  #isComputing = false;
  /** Parameters of all ranges so far. */
  #done = 0;

  constructor(worker: OpenedWorker, leader: LeaderChannel) {
    this.#worker = worker;
    this.#leader = leader;
    this.#writer = new RecordingWriter(worker.writer);
    const onProgress = (progress: ProgressReporter["current"]) => leader.send({ type: "progress", progress });
    this.#progress = new ProgressReporter({ log: worker.log, onProgress }, 0, 0);
  }

  async run(): Promise<void> {
    const { log, settings, session, store } = this.#worker;
    const { workerId, totalWorkers, totalParameters } = settings;
    this.#worker.onStop(() => this.#orders.put("stop"));
    this.#leader.listen((message) => this.#hear(message));
    this.#leader.send({ type: "ready", concurrency: session.concurrency });
    log.info({ totalWorkers, totalParameters, results: store.url }, "started");
    const first = await this.#nextOrder();
    if (first !== undefined) await this.#compute(first);
    const { failed } = this.#progress.end();
    log.info({ failed }, `[WORKER ${workerId}] Processed: ${countNoun(this.#done, "parameter")}`);
  }

  #hear(message: ToLedWorker): void {
    if (message.type === "end") this.#orders.put("end");
    else if (message.type === "work") {
      [this.#hasWork, this.#mustYield] = [true, false];
      this.#orders.put(message.ranges);
    } else if (this.#hasWork) {
      this.#mustYield = true;
      if (this.#isComputing) this.#supervisor?.yield();
    }
  }

  /** @returns undefined at the end. */
  async #nextOrder(): Promise<readonly Range[] | undefined> {
    const order = await this.#orders.next();
    if (order === undefined || order === "stop") throw new StoppedError();
    return order === "end" ? undefined : order;
  }

  async #compute(first: readonly Range[]): Promise<void> {
    const worker = this.#worker;
    let committed = this.#begin(first);
    const pending = blocksOf(first, worker.settings.batchSize);
    const work = { pending, given: hullOf(first) };
    const { supervisor, rest } = await worker.supervise(work, this.#progress, this.#writer);
    this.#supervisor = supervisor;
    worker.onStop(() => {
      supervisor.stop();
      this.#orders.put("stop");
    });
    const outcome = await supervisor.serve(async ({ compute }) => {
      let blocks = rest;
      for (let ranges: readonly Range[] | undefined = first; ranges !== undefined; ) {
        this.#isComputing = true;
        if (!this.#mustYield) await compute(blocks);
        this.#isComputing = false;
        this.#finish(ranges, committed.ranges());
        ranges = await this.#nextOrder();
        if (ranges === undefined) return;
        committed = this.#begin(ranges);
        worker.inWork?.goOn(hullOf(ranges));
        blocks = blocksOf(ranges, worker.settings.batchSize);
      }
    });
    if (outcome === "stopped") throw worker.stopped(this.#progress, supervisor, "its ranges");
  }

  #begin(ranges: readonly Range[]): RangeCollector {
    this.#progress.begin(countOf(ranges));
    return this.#writer.record();
  }

  #finish(ranges: readonly Range[], committed: readonly Range[]): void {
    const left = subtract(ranges, committed);
    this.#done += countOf(ranges) - countOf(left);
    this.#hasWork = false;
    const { failed } = this.#progress.current;
    this.#progress.begin(0);
    this.#leader.send({ type: "finished", left, failed });
  }
}
