import type { Column, FailurePage, HeatMap, Sweep, SweepList } from "../api/sweeps.ts";
import { PermanentError } from "../contract/errors.ts";
import type { Range } from "../parameters/ranges.ts";
import type { StoreOptions } from "../stores/open.ts";

/** There is no sweep of this name, or the name is none. */
export class NotFoundError extends PermanentError {}

/** How sweeps are watched. */
export interface MonitorOptions {
  /** Milliseconds between two looks at a sweep that somebody watches. @default 5,000 */
  readonly pollMs?: number;
  readonly storeOptions?: StoreOptions;
  /** The price of computing time in US dollars, undefined if it is not known. */
  readonly costOf?: (size: string | undefined, computingSeconds: number) => number | undefined;
}

/** A file that somebody may download: the address in the bucket, or the path in a directory. */
export type Download =
  | { readonly kind: "redirect"; readonly url: string }
  | { readonly kind: "file"; readonly path: string };

/** Reads sweeps for people, from the place of their results alone. */
export class Monitor {
  constructor(_root: string, _options: MonitorOptions = {}) {}
  list(_options: { readonly after?: string; readonly limit: number }): Promise<SweepList> {
    throw new Error("not yet");
  }
  sweep(_name: string): Promise<Sweep> {
    throw new Error("not yet");
  }
  heatMap(_name: string, _cells: number): Promise<HeatMap> {
    throw new Error("not yet");
  }
  failures(_name: string, _after: number | undefined, _limit: number): Promise<FailurePage> {
    throw new Error("not yet");
  }
  column(_name: string, _column: string, _range?: Range): Promise<Column> {
    throw new Error("not yet");
  }
  watch(_name: string, _onSweep: (sweep: Sweep) => void, _onError: (error: unknown) => void): () => void {
    throw new Error("not yet");
  }
  url(_name: string): string {
    throw new Error("not yet");
  }
  download(_name: string, _file: "receipt.json" | "results.parquet"): Promise<Download | undefined> {
    throw new Error("not yet");
  }
  checkReachable(): Promise<void> {
    throw new Error("not yet");
  }
  close(): void {}
}
