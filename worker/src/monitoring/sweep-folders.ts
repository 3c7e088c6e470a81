import { PermanentError, RefusedError } from "../contract/errors.ts";
import { inParallel } from "../stores/in-parallel.ts";
import type { ResultsRoot } from "../stores/results-root.ts";
import { isNameOfSweep } from "./names.ts";

/** Requests at the same time: ten thousand new sweeps take some seconds. */
const PARALLEL_REQUESTS = 48;
const RUN_FILE = "run.json";

/** A sweep, and when it began, in milliseconds since the epoch. */
export interface FoundSweep {
  readonly name: string;
  readonly createdAt: number;
}

/**
 * Finds the sweeps below a place: folders with a `run.json`, one or two levels deep. The first look reads the `run.json` of each; later ones
 * list the folders, and read those of new sweeps only.
 */
export class SweepFolders {
  readonly #root: ResultsRoot;
  /** By folder, when its sweep began. It never changes. */
  readonly #createdAt = new Map<string, number>();
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

  async #look(): Promise<FoundSweep[]> {
    const at = Date.now();
    const candidates: string[] = [];
    await inParallel(await this.#foldersIn(""), PARALLEL_REQUESTS, async (folder) => {
      if (this.#createdAt.has(folder)) candidates.push(folder);
      else candidates.push(...(await this.#candidatesIn(folder)));
    });
    const found = new Map<string, FoundSweep>();
    await inParallel(candidates, PARALLEL_REQUESTS, async (folder) => {
      const createdAt = this.#createdAt.get(folder) ?? (await this.#read(folder));
      if (createdAt !== undefined) found.set(folder, { name: folder.replaceAll("/", ":"), createdAt });
    });
    for (const folder of this.#createdAt.keys()) if (!found.has(folder)) this.#createdAt.delete(folder);
    const sweeps = [...found.values()].sort(newestFirst);
    this.#last = { at, sweeps };
    return sweeps;
  }

  /** The folder itself if it is a sweep, or else the folders in it, which may be sweeps. */
  async #candidatesIn(folder: string): Promise<string[]> {
    const names = await this.#root.names(`${folder}/`);
    return names.includes(RUN_FILE) ? [folder] : foldersOf(names).map((name) => `${folder}/${name}`);
  }

  async #foldersIn(folder: string): Promise<string[]> {
    return foldersOf(await this.#root.names(folder));
  }

  /** When a sweep began; undefined if the folder holds none. */
  async #read(folder: string): Promise<number | undefined> {
    try {
      const { createdAt } = await this.#root.store(folder).describe();
      this.#createdAt.set(folder, createdAt);
      return createdAt;
    } catch (error) {
      // One damaged run must not hide all others. Its own address tells the error.
      if (error instanceof PermanentError && !(error instanceof RefusedError)) return undefined;
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
