import { withDefaults } from "../contract/declarations.ts";
import { PermanentError } from "../contract/errors.ts";
import type { RunIdentity } from "../contract/identity.ts";
import { memoryProblems } from "../contract/memory.ts";
import { throwIfWrong } from "../contract/problems.ts";
import type { EvaluationSource } from "../evaluation/protocol.ts";
import { commandEvaluation, writeBundle } from "../evaluation/source.ts";
import { countOf, type Range, subtract } from "../parameters/ranges.ts";
import { blocksOf } from "../parameters/splitting.ts";
import type { Failure, ResultReader, ResultStore } from "../stores/store.ts";
import { EvaluationSession, Stopped } from "../supervisor/evaluation-session.ts";
import { Inbox } from "../supervisor/inbox.ts";
import { type ServedEvaluation, Supervisor } from "../supervisor/supervisor.ts";
import type { QueuedSettings } from "./queued-run.ts";
import { RecordingWriter } from "./recording-writer.ts";
import { StoppedError } from "./stopping.ts";

/** The limits of a session that belong to the executor and not to the run. */
export interface RunSessionOptions {
  /** MiB of memory for the evaluation and the part of this process that serves it. @default no limit */
  readonly memoryLimitMiB: number | undefined;
  readonly stopGraceSeconds: number;
  readonly onFailures: (failures: readonly Failure[]) => void;
  /** Called when the bucket asks for fewer requests for the first time. */
  readonly onSlowDown: () => void;
}

/** A run as its executors find it. */
export interface RunInStore {
  readonly store: ResultStore;
  readonly reader: ResultReader;
  readonly settings: QueuedSettings;
}

/** The outcome of a slice. */
export interface Slice {
  /** The parameters without a result, disjoint and sorted. */
  readonly left: readonly Range[];
  /** Parameters that the slice has committed. */
  readonly committed: number;
  readonly seconds: number;
}

/** Something for the evaluation to do, and how to tell that it is done. */
interface Turn {
  readonly take: (evaluation: ServedEvaluation) => Promise<void>;
  readonly done: () => void;
}

/** One run, loaded to be worked on in slices: its evaluation in a process of its own, and its store. */
export class RunSession {
  readonly identity: RunIdentity;
  readonly #writer: RecordingWriter;
  readonly #session: EvaluationSession;
  readonly #supervisor: Supervisor;
  /** Resolves when the evaluation has ended, and everything finished is committed. */
  readonly #served: Promise<unknown>;
  readonly #turns = new Inbox<Turn | "end">();
  #hasEnded = false;
  #ending: Promise<void> | undefined;

  /**
   * Loads a run.
   *
   * @throws PermanentError if the run cannot be computed here.
   * @throws TemporaryError if another attempt may help.
   * @throws StoppedError if the signal came first.
   */
  static async open(
    { store, reader, bundle, settings }: RunInStore & { readonly bundle: Uint8Array | undefined },
    signal: AbortSignal,
    options: RunSessionOptions,
  ): Promise<RunSession> {
    const { identity } = reader;
    const { memoryLimitMiB } = options;
    const { columns, batchSize, seed } = identity;
    throwIfWrong(memoryProblems(memoryLimitMiB ?? Number.POSITIVE_INFINITY, { batchSize, columns: columns.length }));
    const source = sourceOf(identity, bundle, settings);
    const { evaluationConcurrency: concurrency, simulateWorkMs } = withDefaults(settings);
    if (signal.aborted) throw new StoppedError();
    const session = new EvaluationSession({ source, seed, simulateWorkMs, concurrency, memoryLimitMiB });
    const stop = () => session.stop();
    signal.addEventListener("abort", stop);
    try {
      const loaded = await session.start();
      if (loaded.join() !== columns.join()) {
        throw new PermanentError(
          `the evaluation exports the columns ${loaded.join(", ")}, and ${reader.url} was submitted with ${columns.join(", ")}: submit it again with those that it exports`,
        );
      }
      const writer = new RecordingWriter(await store.write(identity, options.onSlowDown));
      return new RunSession(identity, session, writer, settings, options);
    } catch (error) {
      session.close();
      throw error instanceof Stopped ? new StoppedError() : error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  private constructor(
    identity: RunIdentity,
    session: EvaluationSession,
    writer: RecordingWriter,
    settings: QueuedSettings,
    options: RunSessionOptions,
  ) {
    const { evaluationTimeoutSeconds, maxFailures } = withDefaults(settings);
    this.identity = identity;
    this.#session = session;
    this.#writer = writer;
    this.#supervisor = new Supervisor({
      session,
      writer,
      batchSize: identity.batchSize,
      timeoutMs: evaluationTimeoutSeconds * 1000,
      maxFailures,
      stopGraceMs: options.stopGraceSeconds * 1000,
      onProgress: (_, failures) => options.onFailures(failures),
    });
    this.#served = this.#supervisor
      .serve((evaluation) => this.#serve(evaluation))
      .finally(() => {
        this.#hasEnded = true;
      });
    // A turn has the error, this one or the next.
    this.#served.catch(() => {});
  }

  /** Whether the evaluation has ended, so that another session must be opened. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** MiB of memory that the evaluation uses. 0 without a limit. */
  get memoryMiB(): number {
    return this.#session.memoryMiB;
  }

  /**
   * Works on parameters for a time, and commits what is finished.
   *
   * @param pending the parameters without a result, disjoint and sorted.
   * @param seconds after which the rest is given up. The parameters in work are finished first.
   * @throws SweepError if the run or the store cannot go on. The session has ended then.
   */
  async work(pending: readonly Range[], seconds: number): Promise<Slice> {
    const startedAt = performance.now();
    const committed = this.#writer.record();
    const timer = setTimeout(() => this.yield(), seconds * 1000);
    try {
      await this.#take(({ compute }) => compute(blocksOf(pending, this.identity.batchSize)));
    } finally {
      clearTimeout(timer);
    }
    const left = subtract(pending, committed.ranges());
    return {
      left,
      committed: countOf(pending) - countOf(left),
      seconds: (performance.now() - startedAt) / 1000,
    };
  }

  /** Ends the slice in work early, if there is one. */
  yield(): void {
    this.#supervisor.yield();
  }

  /** Stores the failure of a parameter that must not be evaluated again. */
  async giveUp(failure: Failure): Promise<void> {
    await this.#take((evaluation) => evaluation.giveUp(failure));
  }

  /** Ends the evaluation. The slice in work commits what is finished, as far as the grace allows. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#supervisor.stop();
    this.#turns.put("end");
    await this.#served.catch(() => {});
    this.#session.close();
    await this.#writer.close();
  }

  /**
   * Resolves when the evaluation has had its turn, and also when it was stopped in it and everything finished is committed. An error of
   * the turn ends the evaluation, and is that of `#served`.
   */
  async #take(take: Turn["take"]): Promise<void> {
    const taken = new Promise<void>((done) => this.#turns.put({ take, done }));
    await Promise.race([taken, this.#served]);
  }

  async #serve(evaluation: ServedEvaluation): Promise<void> {
    for (;;) {
      const turn = await this.#turns.next();
      if (turn === undefined || turn === "end") return;
      await turn.take(evaluation);
      turn.done();
    }
  }
}

/** The evaluation of a run: its bundle, or its command if the files of the command are the same here. */
export function sourceOf(
  identity: RunIdentity,
  bundle: Uint8Array | undefined,
  { evaluationCommand: command, resultColumns: columns }: QueuedSettings,
): EvaluationSource {
  if (bundle !== undefined) return { modulePath: writeBundle(identity.evaluation, bundle), name: identity.evaluation };
  if (command === undefined) throw new PermanentError("the run has neither a bundle nor a command: submit it again");
  if (commandEvaluation(command).sha256 === identity.evaluationSha256) return { command, columns };
  throw new PermanentError(
    `the files of ${command} differ here from those with which the run was submitted: build the image of the executors again, or submit the run from its files`,
  );
}
