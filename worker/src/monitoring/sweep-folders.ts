import { sweepNameOf } from "../api/sweep-place.ts";
import { PermanentError, RefusedError } from "../contract/errors.ts";
import { inParallel } from "../stores/in-parallel.ts";
import type { ResultsRoot } from "../stores/results-root.ts";
import { folderOf, isNameOfSweep } from "./names.ts";
import { Refusals } from "./refusals.ts";

/** Requests at the same time: ten thousand new sweeps take some seconds. */
const PARALLEL_REQUESTS = 48;
const RUN_FILE = "run.json";
/** A folder that holds no sweep is read again so much later. A bucket may hold thousands of them, and each is a request. */
const NO_SWEEP_MS = 60_000;

/** A sweep, and when it began, in milliseconds since the epoch. */
export interface FoundSweep {
  readonly name: string;
  readonly createdAt: number;
}

/**
 * Finds the sweeps below a place: folders with a `run.json`, one or two levels deep. The first look reads the `run.json` of each; later ones
 * list the folders, and read those of new sweeps only. A folder that may not be read does not hide the others.
 */
export class SweepFolders {
  readonly #root: ResultsRoot;
  /** By folder, when its sweep began. */
  readonly #createdAt = new Map<string, number>();
  /** By folder that holds no sweep, when it was read. */
  readonly #emptyAt = new Map<string, number>();
  #looking: Promise<FoundSweep[]> | undefined;
  #last: { readonly at: number; readonly sweeps: FoundSweep[] } | undefined;

  constructor(root: ResultsRoot) {
    this.#root = root;
  }

  /** All sweeps, the newest first, from a look that is not older than `mostMs`. */
  async find(mostMs: number): Promise<readonly FoundSweep[]> {
    if (this.#last !== undefined && Date.now() - this.#last.at < mostMs) return this.#last.sweeps;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Reads a sweep again at the next look, because another one has taken its place. */
  forget(name: string): void {
    this.#createdAt.delete(folderOf(name));
  }

  async #look(): Promise<FoundSweep[]> {
    const at = Date.now();
    const refusals = new Refusals();
    const candidates = new Set<string>();
    await inParallel(foldersOf(await this.#root.names("")), PARALLEL_REQUESTS, async (folder) => {
      const inside = this.#createdAt.has(folder)
        ? [folder]
        : await refusals.unlessUnreadable(this.#candidatesIn(folder));
      for (const candidate of inside ?? []) candidates.add(candidate);
    });
    const found = new Map<string, FoundSweep>();
    await inParallel([...candidates], PARALLEL_REQUESTS, async (folder) => {
      const createdAt = this.#createdAt.get(folder) ?? (await refusals.unlessUnreadable(this.#read(folder, at)));
      if (createdAt !== undefined) found.set(folder, { name: sweepNameOf(folder), createdAt });
    });
    if (found.size === 0) refusals.throwFirst();
    for (const folder of this.#createdAt.keys()) if (!found.has(folder)) this.#createdAt.delete(folder);
    for (const folder of this.#emptyAt.keys()) if (!candidates.has(folder)) this.#emptyAt.delete(folder);
    const sweeps = [...found.values()].sort(newestFirst);
    this.#last = { at, sweeps };
    return sweeps;
  }

  /** The folder itself if it is a sweep, or else the folders in it, which may be sweeps. */
  async #candidatesIn(folder: string): Promise<string[]> {
    const names = await this.#root.names(`${folder}/`);
    return names.includes(RUN_FILE) ? [folder] : foldersOf(names).map((name) => `${folder}/${name}`);
  }

  /** When a sweep began. @throws PermanentError if the folder holds none, or a damaged one; undefined if it did a moment ago. */
  async #read(folder: string, now: number): Promise<number | undefined> {
    if (now - (this.#emptyAt.get(folder) ?? Number.NEGATIVE_INFINITY) < NO_SWEEP_MS) return undefined;
    try {
      const { createdAt } = await this.#root.store(folder).describe();
      this.#createdAt.set(folder, createdAt);
      this.#emptyAt.delete(folder);
      return createdAt;
    } catch (error) {
      if (error instanceof PermanentError && !(error instanceof RefusedError)) this.#emptyAt.set(folder, now);
      throw error;
    }
  }
}

/** Sorts the newest sweep first, and sweeps of the same time by name. */
export function newestFirst(a: FoundSweep, b: FoundSweep): number {
  return b.createdAt - a.createdAt || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** The folders that can be parts of names. */
function foldersOf(names: readonly string[]): string[] {
  return names
    .filter((name) => name.endsWith("/"))
    .map((name) => name.slice(0, -1))
    .filter((name) => isNameOfSweep(name) && !name.includes(":"));
}
