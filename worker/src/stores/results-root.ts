import type { ResultStore } from "./store.ts";

/** The place that holds the results of many runs: a folder for each, or folders of such folders. */
export interface ResultsRoot {
  /** The place, as in the URL of a run, without "/" at its end. */
  readonly url: string;
  /** The names that lie directly in a folder, with "/" behind those of folders. None if there is no such folder. */
  names(folder: string): Promise<string[]>;
  /** The results in a folder. */
  store(folder: string): ResultStore;
  /** @throws SweepError if the place cannot be listed. */
  check(): Promise<void>;
}
