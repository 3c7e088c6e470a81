import type { RunIdentity } from "../contract/identity.ts";
import type { ResultStore } from "../stores/store.ts";
import { IN_WORK_PREFIX, workersOfNote } from "../supervisor/in-work.ts";
import { Aggregate } from "./aggregate.ts";
import { KnownFailures } from "./known-failures.ts";
import { NotFoundError } from "./not-found.ts";
import { NoteReader, type Notes } from "./notes.ts";

/** A look at a sweep is worth so many blocks: a longer sweep is looked at less often. They are twenty pages of a listing, a hundredth of a cent. */
const BLOCKS_OF_A_LOOK = 20_000;
/** Nothing commits to a complete sweep. Only a person who deletes results changes it. */
const TRUST_COMPLETE_MS = 600_000;
/** A sweep that has waited for so long for its next commit, or for the first one, rests. */
const RESTS_AFTER_MS = 300_000;

/** A sweep at one moment. */
export interface Look {
  readonly identity: RunIdentity;
  readonly createdAt: number;
  readonly notes: Notes;
  readonly aggregate: Aggregate;
  /** Workers of a Job, which each have a share; undefined for other sweeps. */
  readonly workers: number | undefined;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** A sweep that somebody looks at. All who look at the same time share one look. */
export class SweepView {
  readonly name: string;
  readonly store: ResultStore;
  readonly #notes: NoteReader;
  #identity: RunIdentity | undefined;
  #known: KnownFailures | undefined;
  #looking: Promise<Look> | undefined;
  #last: Look | undefined;
  #aggregatedAt = 0;
  #createdAt: number | undefined;
  #workers: number | undefined;

  constructor(name: string, store: ResultStore) {
    this.name = name;
    this.store = store;
    this.#notes = new NoteReader(store);
  }

  /** How many times as long as a small sweep this one waits for the next look. */
  get weight(): number {
    return Math.max(1, Math.ceil((this.#last?.aggregate.blocks ?? 0) / BLOCKS_OF_A_LOOK));
  }

  /** Whether nothing was committed for a while, when somebody looked last. */
  get isResting(): boolean {
    if (this.#last === undefined) return false;
    const { aggregate, createdAt, seenAt } = this.#last;
    return seenAt - Math.max(createdAt, aggregate.lastCommitAt) > RESTS_AFTER_MS;
  }

  /**
   * A look that is not older than `mostMs`.
   *
   * @throws NotFoundError if there is no sweep.
   */
  async look(mostMs: number): Promise<Look> {
    const last = this.#last;
    if (last !== undefined && Date.now() - last.seenAt < mostMs) return last;
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<Look> {
    const notes = await this.#notes.read();
    if (notes.createdAt === undefined) {
      this.#last = undefined;
      throw new NotFoundError(`${this.store.url} holds no sweep: it has no run.json`);
    }
    const hasChanged = this.#last?.notes.version !== notes.version;
    if (notes.createdAt !== this.#createdAt) {
      // It is the first look, or somebody has deleted a run of this name and begun another one.
      this.#known = undefined;
      this.#workers = undefined;
      this.#createdAt = notes.createdAt;
    }
    if (hasChanged || this.#identity === undefined) this.#identity = (await this.store.describe()).identity;
    const identity = this.#identity;
    const aggregate = (hasChanged ? undefined : this.#complete()) ?? (await this.#aggregate(identity, notes));
    this.#last = {
      identity,
      createdAt: notes.createdAt,
      notes,
      aggregate,
      workers: this.#workers,
      seenAt: Date.now(),
    };
    return this.#last;
  }

  /** The last aggregate, if nothing will be committed any more. */
  #complete(): Aggregate | undefined {
    const { aggregate, identity } = this.#last ?? {};
    if (aggregate === undefined || aggregate.committed < (identity?.totalParameters ?? 0)) return undefined;
    return Date.now() - this.#aggregatedAt < TRUST_COMPLETE_MS ? aggregate : undefined;
  }

  async #aggregate(identity: RunIdentity, { isQueued }: Notes): Promise<Aggregate> {
    const now = Date.now();
    const blocks = this.store.committedBlocks(identity);
    const aggregate = await Aggregate.of(blocks, this.#knownOf(identity), now);
    this.#aggregatedAt = now;
    if (!isQueued && aggregate.committed > 0) this.#workers ??= await this.#findWorkers();
    return aggregate;
  }

  #knownOf({ totalParameters }: RunIdentity): KnownFailures {
    this.#known ??= new KnownFailures(totalParameters);
    return this.#known;
  }

  /** Each worker of a Job with results in a bucket leaves a note, which nobody can delete. */
  async #findWorkers(): Promise<number | undefined> {
    const [first] = await this.store.files(IN_WORK_PREFIX, "");
    return first === undefined ? undefined : workersOfNote(first.name);
  }
}
