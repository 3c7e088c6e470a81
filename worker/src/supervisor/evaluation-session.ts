import { setImmediate } from "node:timers/promises";
import { PermanentError, TemporaryError } from "../contract/errors.ts";
import type { EvaluationSource, FromEvaluation, ToEvaluation } from "../evaluation/protocol.ts";
import { EvaluationHandle, type ProcessEnd } from "./evaluation-handle.ts";
import { Inbox } from "./inbox.ts";

const LOAD_WITHIN_MS = 60_000;

export interface EvaluationSettings {
  readonly source: EvaluationSource;
  readonly seed: number;
  readonly simulateWorkMs: number;
  /** Parameters in flight. Undefined leaves the choice to the module. */
  readonly concurrency?: number | undefined;
  /** MiB of memory for the evaluation and this process together. @default no limit */
  readonly memoryLimitMiB?: number | undefined;
  /** Milliseconds that the load may take. @default 60,000 */
  readonly loadWithinMs?: number | undefined;
}

/** An event that a supervisor waits for. */
export type SessionEvent =
  | { readonly type: "message"; readonly message: FromEvaluation }
  /** The process ended by itself. */
  | { readonly type: "ended"; readonly end: ProcessEnd }
  /** A commit has succeeded. */
  | { readonly type: "committed" };

type InboxEvent = SessionEvent | { readonly type: "failed"; readonly error: unknown } | { readonly type: "stop" };

/** Thrown to the caller of {@link EvaluationSession.next} when the worker is asked to stop. */
export class Stopped extends Error {}

/** Owns the evaluation process, one at a time, and delivers all events in order. */
export class EvaluationSession {
  readonly #settings: EvaluationSettings;
  readonly #inbox = new Inbox<InboxEvent>();
  #process: EvaluationHandle | undefined;
  #isStopping = false;
  #isFinishing = false;
  #isLoaded = false;
  #concurrency = 1;

  constructor(settings: EvaluationSettings) {
    this.#settings = settings;
  }

  /**
   * Starts a process and waits until it has loaded the evaluation.
   *
   * @returns the columns of the results.
   * @throws PermanentError if the evaluation cannot be loaded, because it threw or ended its process with an exit code.
   * @throws TemporaryError if a signal ended the load, or if it took too long: a kernel without memory and a busy machine do that,
   * and an exit code that fails the index would lose the share for good.
   */
  async start(): Promise<readonly string[]> {
    const started = new EvaluationHandle((message) => {
      if (this.#process === started) this.#inbox.put({ type: "message", message });
    }, this.#settings.memoryLimitMiB);
    this.#process = started;
    this.#isLoaded = false;
    void started.ended.then((end) => {
      if (this.#process === started) this.#inbox.put({ type: "ended", end });
    });
    const { source, seed, simulateWorkMs, concurrency, loadWithinMs = LOAD_WITHIN_MS } = this.#settings;
    this.send({ type: "load", source, seed, simulateWorkMs, concurrency });
    for (;;) {
      const event = await this.next(loadWithinMs);
      if (event?.type === "message" && event.message.type === "loaded") {
        this.#isLoaded = true;
        this.#concurrency = event.message.concurrency;
        return event.message.columns;
      }
      if (event === undefined || event.type === "ended") {
        this.close();
        const reason = event?.end.error ?? `loading it takes more than ${loadWithinMs / 1000} s`;
        const message = `the evaluation cannot be loaded: ${reason}`;
        throw event?.end.kind === "exited" ? new PermanentError(message) : new TemporaryError(message);
      }
    }
  }

  /** How many parameters the loaded evaluation keeps in flight. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** MiB of memory that the evaluation uses. 0 without a limit. */
  get memoryMiB(): number {
    return this.#process?.memoryMiB ?? 0;
  }

  send(message: ToEvaluation): void {
    this.#process?.send(message);
  }

  /** Counts the silence of the process from now on. */
  expectLife(): void {
    if (this.#process !== undefined) this.#process.heardAt = performance.now();
  }

  committed(): void {
    this.#inbox.put({ type: "committed" });
  }

  /** Makes {@link next} throw an error. */
  fail(error: unknown): void {
    this.#inbox.put({ type: "failed", error });
  }

  /**
   * Makes {@link next} throw {@link Stopped}, but only once: a Ctrl-C comes both from the terminal and from `sweep run`. After
   * {@link finish} it does nothing.
   */
  stop(): void {
    if (!this.#isStopping) this.#inbox.put({ type: "stop" });
    this.#isStopping = true;
  }

  /**
   * The next event.
   *
   * @param silenceMs how long the process may be silent.
   * @returns undefined if it was silent for longer.
   * @throws Stopped, or the error that ends the worker.
   */
  async next(silenceMs = Number.POSITIVE_INFINITY): Promise<SessionEvent | undefined> {
    for (;;) {
      let event = await this.#inbox.next(this.#silentIn(silenceMs));
      if (event === undefined) {
        // The timer may fire before an arrived message is read: look once more.
        await setImmediate();
        event = this.#inbox.take();
        if (event === undefined && this.#silentIn(silenceMs) > 0) continue;
      }
      if (event?.type === "stop" && this.#isFinishing) continue;
      return event === undefined ? undefined : unwrap(event);
    }
  }

  /** An event that has arrived already, or undefined. @throws as {@link next}. */
  take(): SessionEvent | undefined {
    const event = this.#inbox.take();
    return event === undefined ? undefined : unwrap(event);
  }

  /** Asks the process to report its finished work, which arrives as messages, and ends it. */
  async finish(withinMs: number): Promise<void> {
    this.#isFinishing = true;
    // A process that loads has nothing to report.
    await this.#process?.stop(this.#isLoaded ? withinMs : 0);
  }

  /** Kills the process and the programs that it started. */
  async kill(): Promise<void> {
    const ending = this.#process;
    this.close();
    await ending?.ended;
  }

  /** Like {@link kill}, but does not wait. */
  close(): void {
    const ending = this.#process;
    this.#process = undefined;
    ending?.kill();
  }

  #silentIn(silenceMs: number): number {
    return (this.#process?.heardAt ?? performance.now()) + silenceMs - performance.now();
  }
}

function unwrap(event: InboxEvent): SessionEvent {
  if (event.type === "stop") throw new Stopped();
  if (event.type === "failed") throw event.error;
  if (event.type === "message" && event.message.type === "fatal") {
    const { permanent, message } = event.message;
    throw permanent ? new PermanentError(message) : new TemporaryError(message);
  }
  return event;
}
