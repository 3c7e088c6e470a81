import { withDefaults } from "../contract/declarations.ts";
import { PermanentError } from "../contract/errors.ts";
import type { RunIdentity } from "../contract/identity.ts";
import type { EvaluationSource } from "../evaluation/protocol.ts";
import { commandEvaluation, writeBundle } from "../evaluation/source.ts";
import { countOf, type Range, subtract, union } from "../parameters/ranges.ts";
import { blocksOf } from "../parameters/splitting.ts";
import type { Failure, ResultWriter } from "../stores/store.ts";
import { EvaluationSession, Stopped } from "../supervisor/evaluation-session.ts";
import { Inbox } from "../supervisor/inbox.ts";
import { type ServedEvaluation, Supervisor } from "../supervisor/supervisor.ts";
import type { QueuedRun, QueuedSettings } from "./queued-run.ts";

/** The limits of a session that belong to the executor and not to the run. */
export interface RunSessionOptions {
  /** MiB of memory for the evaluation and the part of this process that serves it. @default no limit */
  readonly memoryLimitMiB: number | undefined;
  readonly stopGraceSeconds: number;
  readonly onFailures: (failures: readonly Failure[]) => void;
  /** Called when the bucket asks for fewer requests for the first time. */
  readonly onSlowDown: () => void;
}

/** The outcome of a slice. */
export interface Slice {
  /** The parameters without a result, disjoint and sorted. */
  readonly left: readonly Range[];
  /** Parameters that the slice has committed. */
  readonly committed: number;
  readonly seconds: number;
}

/** Something for the evaluation to do, and the promise of its caller. */
interface Turn {
  readonly take: (evaluation: ServedEvaluation) => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
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

  /**
   * Loads a run.
   *
   * @throws PermanentError if the run cannot be computed here.
   * @throws TemporaryError if another attempt may help.
   */
  static async open(run: QueuedRun, settings: QueuedSettings, options: RunSessionOptions): Promise<RunSession> {
    const reader = await run.reader();
    const { identity } = reader;
    const source = sourceOf(identity, await reader.evaluationBundle(), settings);
    const { evaluationConcurrency: concurrency, simulateWorkMs } = withDefaults(settings);
    const { memoryLimitMiB } = options;
    const session = new EvaluationSession({ source, seed: identity.seed, simulateWorkMs, concurrency, memoryLimitMiB });
    try {
      const columns = await session.start();
      if (columns.join() !== identity.columns.join()) {
        const wanted = identity.columns.join(", ");
        throw new PermanentError(
          `the evaluation has the columns ${columns.join(", ")} here, and ${wanted} in ${reader.url}`,
        );
      }
      const writer = new RecordingWriter(await run.store.write(identity, options.onSlowDown));
      return new RunSession(identity, session, writer, settings, options);
    } catch (error) {
      session.close();
      throw error;
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
    // The turn in work has the error.
    this.#served.catch(() => {});
  }

  /** Whether the evaluation has ended, so that another session must be opened. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Works on a range for a time, and commits what is finished.
   *
   * @param seconds after which the rest is given up. The parameters in work are finished first.
   * @throws SweepError if the run or the store cannot go on. The session has ended then.
   */
  async work(range: Range, seconds: number): Promise<Slice> {
    const pending = await this.pendingOf(range);
    if (pending.length === 0) return { left: [], committed: 0, seconds: 0 };
    const startedAt = performance.now();
    const committed = this.#writer.record();
    const timer = setTimeout(() => this.yield(), seconds * 1000);
    try {
      await this.#take(({ compute }) => compute(blocksOf(pending, this.identity.batchSize)));
    } finally {
      clearTimeout(timer);
    }
    const left = subtract(pending, union(committed));
    return {
      left,
      committed: countOf(pending) - countOf(left),
      seconds: (performance.now() - startedAt) / 1000,
    };
  }

  /** The parameters of a range that are not committed. */
  async pendingOf(range: Range): Promise<Range[]> {
    return subtract([range], await this.#writer.committed([range]));
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
  async end(): Promise<void> {
    this.#supervisor.stop();
    this.#turns.put("end");
    await this.#served.catch(() => {});
    this.#session.close();
    await this.#writer.close();
  }

  /** Resolves when the evaluation has had its turn, and also when it was stopped in it and everything finished is committed. */
  async #take(take: Turn["take"]): Promise<void> {
    const taken = new Promise<void>((resolve, reject) => this.#turns.put({ take, resolve, reject }));
    await Promise.race([taken, this.#served]);
  }

  async #serve(evaluation: ServedEvaluation): Promise<void> {
    for (;;) {
      const turn = await this.#turns.next(Number.POSITIVE_INFINITY);
      if (turn === undefined || turn === "end") return;
      try {
        await turn.take(evaluation);
        turn.resolve();
      } catch (error) {
        if (!(error instanceof Stopped)) turn.reject(error);
        throw error;
      }
    }
  }
}

/** Remembers what it has committed. */
class RecordingWriter implements ResultWriter {
  readonly spool: ResultWriter["spool"];
  readonly #writer: ResultWriter;
  #committed: Range[] = [];

  constructor(writer: ResultWriter) {
    this.#writer = writer;
    this.spool = writer.spool;
  }

  /** @returns a list to which everything is added that is committed from now on, until the next call. */
  record(): readonly Range[] {
    this.#committed = [];
    return this.#committed;
  }

  async commit(blocks: Parameters<ResultWriter["commit"]>[0]): Promise<void> {
    const committed = this.#committed;
    await this.#writer.commit(blocks);
    committed.push(...blocks.map(({ start, count }) => ({ start, count })));
  }

  committed(share: readonly Range[]): Promise<Range[]> {
    return this.#writer.committed(share);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): Promise<void> {
    return this.#writer.close();
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
