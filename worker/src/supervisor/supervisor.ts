import { setTimeout as wait } from "node:timers/promises";
import { TemporaryError } from "../contract/errors.ts";
import type { FromEvaluation } from "../evaluation/protocol.ts";
import type { Range } from "../parameters/ranges.ts";
import type { Failure, ResultWriter } from "../stores/store.ts";
import { BlockSchedule } from "./block-schedule.ts";
import { Commits } from "./commits.ts";
import { type EvaluationSession, type SessionEvent, Stopped } from "./evaluation-session.ts";
import type { Search } from "./in-work.ts";
import { Isolation } from "./isolation.ts";
import { OpenedEvaluation, type OpenOptions } from "./opened-evaluation.ts";

/** How long the evaluation may take to report its finished work when it must stop. */
const STOP_WITHIN_MS = 40;
/** How long the store may take for the blocks that are on their way to it when the worker must stop. A pod has 100 s in all. */
const SETTLE_WITHIN_MS = 30_000;
/** The evaluation sends a heartbeat every 100 ms, which a busy machine delays. */
const HEARTBEAT_GRACE_MS = 500;

/** The evaluation, the store and the limits of a supervisor. */
export interface SupervisorOptions extends OpenOptions {
  readonly writer: ResultWriter;
  readonly maxFailures: number;
  /** Milliseconds that the evaluation may take to finish the parameter in work after {@link Supervisor.stop}. @default 0 */
  readonly stopGraceMs?: number;
  /** The search for a parameter that ends this process, too. It comes before everything else. @default none */
  readonly search?: Search | undefined;
  /** Called with the parameters and failures committed since the last call, and the parameters done in the current block. */
  readonly onProgress: (committed: number, failures: readonly Failure[], inBlock: number) => void;
}

/** An evaluation that is loaded and waits for work, one call at a time. An error of a call ends it. */
export interface ServedEvaluation {
  /** Computes and commits blocks. Resolves when all are committed, or given up after {@link Supervisor.yield}. @param blocks as in `run`. */
  compute(blocks: Iterable<Range>): Promise<void>;
  /** Commits the failure of a parameter that must not be evaluated again. */
  giveUp(failure: Failure): Promise<void>;
}

/**
 * Computes blocks in an evaluation process and commits them. The evaluation may do anything to that process.
 *
 * If the process dies or is silent for too long, {@link BlockSchedule} finds the block at fault. {@link Isolation} then runs that block
 * parameter by parameter, and only the parameters that end the process again are lost.
 *
 * The supervisor runs on the main thread and never computes, so that the worker handles a signal at once.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #session: EvaluationSession;
  readonly #writer: ResultWriter;
  readonly #isolation: Isolation;
  readonly #blocks: BlockSchedule;
  readonly #commits: Commits;
  readonly #evaluation: OpenedEvaluation;
  /** Parameters that are done in the part of a block that is in work, as the evaluation has reported it last. */
  #inPart = 0;
  #isOneByOne = false;
  #isSearching = false;
  #isStopping = false;
  #isWorking = false;
  /** Whether the blocks in work are to be given up. */
  #isYielding = false;
  /** Whether the block that is run parameter by parameter ended the process after a yield: only a failure ends the search then. */
  #mustFind = false;
  /** Whether the process has not answered to "yield" yet. */
  #awaitsYield = false;
  /** Whether the process has ended in the middle of its blocks, and another one loads. */
  #isRecovering = false;
  /** Whether the evaluation was killed in the middle of a parameter, because the worker had to stop. */
  #isCut = false;
  /** Ends the grace of a stop while a block is run parameter by parameter. */
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#writer = options.writer;
    this.#blocks = new BlockSchedule(options.writer.spool);
    this.#commits = new Commits(options);
    this.#evaluation = new OpenedEvaluation(options, options.writer.spool);
    this.#isolation = new Isolation({
      ...options,
      silenceMs: this.#silenceMs,
      restart: () => this.#evaluation.restart(),
      commit: (block) => this.#commits.begin([block]),
      enter: (parameter) => (this.#isSearching ? options.search?.enter({ start: parameter, count: 1 }) : undefined),
      isStopping: (hasFailed) => this.#isStopping || (this.#isYielding && (hasFailed || !this.#mustFind)),
      isOverLimit: (failures) => this.#commits.isOverLimit(failures),
    });
  }

  /**
   * Lets {@link ServedEvaluation.compute} commit the finished parameters of its blocks and return without the rest. The parameters in work
   * are finished first.
   */
  yield(): void {
    if (this.#isYielding || !this.#isWorking) return;
    this.#isYielding = true;
    this.#blocks.dropUnsent();
    // A process that loads knows of no block yet.
    if (!this.#blocks.hasOutstanding || this.#isRecovering) return;
    this.#awaitsYield = true;
    this.#session.send({ type: "yield" });
  }

  /** Asks {@link run} or {@link serve} to commit the finished work and to return. The evaluation may finish the parameter in work first. */
  stop(): void {
    const graceMs = this.#options.stopGraceMs ?? 0;
    if (this.#isStopping) return;
    this.#isStopping = true;
    // The isolation ends by itself after the parameter in work.
    if (graceMs > 0 && this.#isOneByOne) this.#graceTimer = setTimeout(() => this.#session.stop(), graceMs);
    else this.#session.stop();
  }

  /**
   * About how many finished parameters {@link run} could not commit, because the evaluation was killed in the middle of a parameter
   * when it was stopped. Undefined if it ended by itself, so that everything finished is committed.
   */
  get discarded(): number | undefined {
    return this.#isCut ? this.#inPart : undefined;
  }

  /**
   * Computes and commits blocks, and ends the evaluation.
   *
   * @param blocks the next one is taken when the evaluation has room for it.
   * @returns "stopped" if {@link stop} came first. The work finished by then is committed.
   * @throws SweepError if the worker cannot go on. Committed blocks stay.
   */
  run(blocks: Iterable<Range>): Promise<"done" | "stopped"> {
    return this.serve(({ compute }) => compute(blocks));
  }

  /**
   * As {@link run}, for blocks that come one after the other while the evaluation stays loaded.
   *
   * @param use gives it work as often as it likes, and passes on its errors. The evaluation ends with it.
   */
  async serve(use: (evaluation: ServedEvaluation) => Promise<void>): Promise<"done" | "stopped"> {
    let outcome: "done" | "stopped" = "done";
    try {
      this.#commits.flush.start();
      this.#evaluation.open();
      await this.#searchFirst();
      await use({ compute: (blocks) => this.#work(blocks), giveUp: (failure) => this.#giveUp(failure) });
      // Do not kill the process: its last output is still on its way.
      await this.#session.finish(STOP_WITHIN_MS);
    } catch (error) {
      if (!(error instanceof Stopped)) {
        // Report the first error, not one of the flush.
        await this.#writer.flush().catch(() => {});
        throw error;
      }
      await this.#takeWhatIsFinished();
      outcome = "stopped";
    } finally {
      this.#commits.flush.stop();
      clearTimeout(this.#graceTimer);
      this.#session.close();
    }
    await this.#writer.flush();
    return outcome;
  }

  async #work(blocks: Iterable<Range>): Promise<void> {
    this.#isWorking = true;
    // The process may have ended while it had nothing to do. No block is at fault.
    for (let event = this.#session.take(); event !== undefined; event = this.#session.take()) await this.#handle(event);
    // A load may take longer than the caller's patience.
    if (!this.#isYielding) await this.#compute(blocks);
    this.#isWorking = false;
    this.#isYielding = false;
  }

  async #compute(blocks: Iterable<Range>): Promise<void> {
    this.#blocks.begin(blocks);
    while (!this.#blocks.isDone || this.#awaitsYield || this.#commits.underway > 0) {
      const suspect = this.#blocks.nextSuspect();
      if (suspect === undefined) await this.#continue();
      else await this.#evaluateOneByOne(suspect);
    }
  }

  async #searchFirst(): Promise<void> {
    const { search } = this.#options;
    if (search === undefined) return;
    // It must be stored before its record is overwritten.
    if (search.blamed !== undefined) await this.#giveUp(search.blamed);
    this.#isSearching = true;
    for (const part of search.parts) {
      await search.enter(part);
      await this.#compute([part]);
    }
    this.#isSearching = false;
    await search.end();
  }

  async #giveUp(failure: Failure): Promise<void> {
    await this.#isolation.commitFailure(failure);
    await this.#compute([]);
  }

  async #evaluateOneByOne(suspect: Range): Promise<void> {
    this.#isOneByOne = true;
    this.#mustFind = this.#isYielding;
    const hasFailed = await this.#isolation.evaluateOneByOne(suspect);
    if (this.#isYielding && hasFailed) this.#blocks.dropUnsent();
    // The stop may have come after the last parameter.
    if (this.#isStopping) throw new Stopped();
    this.#isOneByOne = false;
  }

  /** Sends blocks and takes one event. */
  async #continue(): Promise<void> {
    this.#feed();
    if (!this.#blocks.isBusy && !this.#awaitsYield && this.#commits.underway === 0) return;
    const event = await this.#session.next(this.#blocks.hasOutstanding ? this.#silenceMs : undefined);
    if (event === undefined) await this.#session.kill();
    await this.#handle(event);
  }

  /** @param event undefined if the process was killed because it was silent. */
  async #handle(event: SessionEvent | undefined): Promise<void> {
    if (event === undefined || event.type === "ended") await this.#recover();
    else if (event.type === "message") this.#hear(event.message);
  }

  #feed(): void {
    const isIdle = !this.#blocks.hasOutstanding;
    const blocks = this.#blocks.nextOrders(this.#commits.underway);
    if (blocks.length === 0) return;
    if (isIdle) this.#session.expectLife();
    this.#session.send({ type: "blocks", blocks });
  }

  /** A process that waits sends heartbeats, and ends the wait itself: silence is a loop that does not return. */
  get #silenceMs(): number {
    const { timeoutMs } = this.#options;
    return timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs + HEARTBEAT_GRACE_MS;
  }

  #hear(message: FromEvaluation): void {
    if (message.type === "completed") {
      if (message.parts.length > 0) this.#inPart = 0;
      this.#blocks.complete(message.parts, (blocks) => this.#commits.begin(blocks));
    } else if (message.type === "progress") {
      this.#inPart = message.done;
      this.#evaluation.adaptPace();
      this.#options.onProgress(0, [], message.done);
    } else if (message.type === "block-failed") {
      this.#inPart = 0;
      this.#blocks.suspect(message.block);
    } else if (message.type === "yielded") {
      this.#awaitsYield = false;
      this.#blocks.dropOutstanding();
    }
  }

  /** Starts a new process after the last one has ended. */
  async #recover(): Promise<void> {
    this.#inPart = 0;
    this.#awaitsYield = false;
    const inFlight = this.#evaluation.inFlight();
    this.#isRecovering = true;
    try {
      await this.#evaluation.restart();
    } finally {
      this.#isRecovering = false;
      // Only now: a yield during the load must not forget the block at fault.
      this.#blocks.recover(inFlight, this.#isYielding);
    }
  }

  /** Collects the finished blocks of the process, and waits until they are committed. */
  async #takeWhatIsFinished(): Promise<void> {
    // The isolation has had its grace.
    const graceMs = this.#isOneByOne ? 0 : (this.#options.stopGraceMs ?? 0);
    const finishing = Promise.all([
      this.#session.finish(Math.max(STOP_WITHIN_MS, graceMs)),
      // Flush earlier blocks meanwhile.
      this.#writer.flush(),
    ]);
    // The first error ends the run, and nobody waits for these any longer.
    finishing.catch(() => {});
    // Commit what arrives during the grace at once: a bucket takes its time, too.
    let event = await this.#session.next();
    for (; event?.type !== "ended"; event = await this.#session.next()) {
      if (event?.type === "message" && event.message.type !== "block-failed") this.#hear(event.message);
    }
    this.#isCut = event.end.kind === "killed" && this.#blocks.hasOutstanding;
    await finishing;
    const giveUp = wait(SETTLE_WITHIN_MS, "late", { ref: false });
    while (this.#commits.underway > 0) {
      const event = await Promise.race([this.#session.next(), giveUp]);
      if (event === "late")
        throw new TemporaryError(
          `${this.#commits.underway} finished blocks were not stored within ${SETTLE_WITHIN_MS / 1000} s`,
        );
    }
  }
}
