import { PermanentError, TemporaryError } from "../contract/errors.ts";
import { countNoun } from "../contract/format.ts";
import { type RunInStore, RunSession, type RunSessionOptions } from "./run-session.ts";

/** Evaluations that stay loaded, one for each run: fair queues deal the messages of several runs in turn. */
const MOST_SESSIONS = 2;
/**
 * MiB that an evaluation may use while it waits for another message of its run. The slot's memory belongs to the run in work: when a
 * container has none left, the kernel ends the executor with everything in it. A process of Node.js without data uses 40.
 */
const MOST_IDLE_MIB = 64;
/** A run is failed when its evaluation could not be loaded so often in a row, for reasons that may pass. */
const MOST_FAILED_LOADS = 3;

/** A session, with a description of everything that must be equal for the next message. */
interface Kept {
  readonly session: RunSession;
  readonly key: string;
}

/** The sessions of one slot, by run. The ones that were used longest ago are ended first. */
export class RunSessions {
  readonly #optionsOf: (name: string) => RunSessionOptions;
  readonly #signal: AbortSignal;
  /** The one that was used last is at the end. */
  readonly #kept = new Map<string, Kept>();
  readonly #failedLoads = new Map<string, number>();

  /** @param signal ends a load. */
  constructor(optionsOf: (name: string) => RunSessionOptions, signal: AbortSignal) {
    this.#optionsOf = optionsOf;
    this.#signal = signal;
  }

  has(name: string): boolean {
    return this.#kept.has(name);
  }

  /**
   * The session of a run, which is loaded unless it is there. A run that was submitted again with other settings, or below whose name
   * there is another run now, is loaded again.
   *
   * @throws PermanentError if the run cannot be computed here.
   * @throws TemporaryError if another attempt may help.
   * @throws StoppedError if the signal came first.
   */
  async of(name: string, run: RunInStore): Promise<RunSession> {
    const key = JSON.stringify([run.reader.identity, run.settings]);
    for (const [other, { session }] of [...this.#kept])
      if (other !== name && session.memoryMiB > MOST_IDLE_MIB) await this.end(other);
    const kept = this.#kept.get(name);
    if (kept?.key === key && !kept.session.hasEnded) {
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      return kept.session;
    }
    await this.end(name);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MOST_SESSIONS) await this.end(oldest);
    const session = await this.#load(name, run);
    this.#kept.set(name, { session, key });
    return session;
  }

  async end(name: string): Promise<void> {
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    await kept?.session.end();
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ session }) => session.end()));
  }

  async #load(name: string, run: RunInStore): Promise<RunSession> {
    // The bucket may be away, which says nothing about the evaluation.
    const bundle = await run.reader.evaluationBundle();
    try {
      const session = await RunSession.open({ ...run, bundle }, this.#signal, this.#optionsOf(name));
      this.#failedLoads.delete(name);
      return session;
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error;
      const failed = (this.#failedLoads.get(name) ?? 0) + 1;
      this.#failedLoads.set(name, failed);
      if (failed < MOST_FAILED_LOADS) throw error;
      this.#failedLoads.delete(name);
      throw new PermanentError(`${error.message} (${countNoun(failed, "time")})`, { cause: error });
    }
  }
}
