import type { Column, FailurePage, HeatMap, Sweep, SweepList, SweepSummary } from "../api/sweeps.ts";
import type { Range } from "../parameters/ranges.ts";
import { inParallel } from "../stores/in-parallel.ts";
import { directoryOf, type StoreOptions, storeKindOf } from "../stores/open.ts";
import { openRoot } from "../stores/open-root.ts";
import type { ResultsRoot } from "../stores/results-root.ts";
import type { FileLocation } from "../stores/store.ts";
import { sampleColumn } from "./column-sample.ts";
import { failurePage } from "./failure-page.ts";
import { heatMapOf } from "./heat-map.ts";
import { folderOf } from "./names.ts";
import { NotFoundError } from "./not-found.ts";
import { Recent } from "./recent.ts";
import { Refusals } from "./refusals.ts";
import { type CostOf, type Described, summaryOf, sweepOf } from "./state.ts";
import { cursorOf, isBehind } from "./sweep-cursor.ts";
import { SweepFolders } from "./sweep-folders.ts";
import { type Look, SweepView } from "./sweep-view.ts";
import { Watch, type Watcher } from "./watch.ts";

const POLL_MS = 5_000;
/** Sweeps that are kept between looks, with 170 kB of cells each: the longest page of the list, and those that are watched beside it. */
const MOST_VIEWS = 250;
/** Sweeps of a list that are read at the same time. */
const PARALLEL_SWEEPS = 4;
/** A list is looked at as a whole: sweeps on which nobody works are read less often for it. */
const RESTING_MS = 60_000;
/** A sample of a column is as many requests as it has blocks. */
const COLUMN_MS = 30_000;
const MOST_COLUMNS = 32;
const LINK_SECONDS = 900;

/** How sweeps are watched. */
export interface MonitorOptions {
  /** Milliseconds between two looks at a sweep that somebody watches; more for a sweep of many blocks. @default 5,000 */
  readonly pollMs?: number;
  readonly storeOptions?: StoreOptions;
  /** The price of computing time in US dollars, undefined if it is not known. @default never known */
  readonly costOf?: CostOf;
}

/**
 * Reads the sweeps below a place, for people, from what is stored alone. Nothing is read while nobody asks, and all who ask for the same
 * within a few seconds share one look. The memory does not grow with the sweeps, nor with their blocks.
 */
export class Monitor {
  readonly #pollMs: number;
  readonly #costOf: CostOf | undefined;
  readonly #rootUrl: string;
  readonly #root: () => Promise<ResultsRoot>;
  #folders: Promise<SweepFolders> | undefined;
  readonly #views = new Recent<SweepView>(MOST_VIEWS);
  readonly #watches = new Map<string, Watch>();
  #sampled: Promise<unknown> = Promise.resolve();
  readonly #columns = new Recent<{ readonly at: number; readonly column: Promise<Column> }>(MOST_COLUMNS);

  /**
   * @param root the place of all results: `file:<directory>`, a path, or `s3://<bucket>/<prefix>`. Nothing is read yet.
   * @throws PermanentError if the URL has another scheme, or is wrong in another way.
   */
  constructor(root: string, { pollMs = POLL_MS, storeOptions, costOf }: MonitorOptions = {}) {
    this.#pollMs = pollMs;
    this.#costOf = costOf;
    this.#rootUrl = storeKindOf(root) === "bucket" ? root.replace(/\/+$/, "") : `file:${directoryOf(root)}`;
    let opening: Promise<ResultsRoot> | undefined;
    this.#root = () => {
      opening ??= openRoot(root, storeOptions);
      return opening;
    };
  }

  /**
   * A page of all sweeps, the newest first.
   *
   * @param options.after `next` of the page before.
   * @throws NotFoundError if `after` is none.
   */
  async list({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<SweepList> {
    this.#folders ??= this.#root().then((root) => new SweepFolders(root));
    const folders = await this.#folders;
    const all = await folders.find(this.#pollMs);
    const first = after === undefined ? 0 : all.findIndex(isBehind(after));
    const page = first === -1 ? [] : all.slice(first, first + limit);
    const summaries = new Map<string, SweepSummary>();
    const refusals = new Refusals();
    await inParallel(page, PARALLEL_SWEEPS, async ({ name, createdAt }) => {
      // A sweep may have been deleted since it was found.
      const summary = await refusals.unlessUnreadable(this.#summary(name));
      if (summary === undefined || Math.abs(Date.parse(summary.createdAt) - createdAt) >= 1_000) folders.forget(name);
      if (summary !== undefined) summaries.set(name, summary);
    });
    if (summaries.size === 0) refusals.throwFirst();
    const last = page.at(-1);
    const isLast = last === undefined || first + page.length >= all.length;
    const sweeps = page.flatMap(({ name }) => summaries.get(name) ?? []);
    return { sweeps, next: isLast ? null : cursorOf(last) };
  }

  /** @throws NotFoundError if there is no such sweep, also from all functions below. */
  async sweep(name: string): Promise<Sweep> {
    return sweepOf((await this.#look(name)).look, this.#described(name));
  }

  /** @param cells most cells, at most {@link MOST_CELLS}. */
  async heatMap(name: string, cells: number): Promise<HeatMap> {
    return heatMapOf((await this.#look(name)).look, cells);
  }

  /** The next failures behind the parameter `after`, sorted by parameter. */
  async failures(name: string, after: number | undefined, limit: number): Promise<FailurePage> {
    const { view, look } = await this.#look(name);
    return failurePage(view.store.committedBlocks(look.identity), look.aggregate, after, limit);
  }

  /** A sample of the values of a column. @param range the parameters to sample from. @default all */
  async column(name: string, column: string, range?: Range): Promise<Column> {
    const { view, look } = await this.#look(name);
    const { columns, totalParameters } = look.identity;
    const place = columns.indexOf(column);
    if (place === -1) {
      throw new NotFoundError(`${name} has no column ${JSON.stringify(column)}: it has ${columns.join(", ")}`);
    }
    const wanted = range ?? { start: 0, count: totalParameters };
    const key = JSON.stringify([name, look.createdAt, place, wanted.start, wanted.count]);
    const make = () => {
      const blocks = view.store.committedBlocks(look.identity);
      // One after the other: a sample holds up to 8 MB, and any number of people may ask for another one.
      const sampling = this.#sampled.then(() => sampleColumn(blocks, look.aggregate, place, wanted));
      this.#sampled = sampling.catch(() => {});
      sampling.catch(() => this.#columns.delete(key));
      return { at: Date.now(), column: sampling };
    };
    const { at } = this.#columns.get(key, make);
    if (Date.now() - at > COLUMN_MS) this.#columns.delete(key);
    return this.#columns.get(key, make).column;
  }

  /**
   * Shows a sweep again and again. All who watch it share the looks, and there are none while nobody watches.
   *
   * @param onError called for each look that fails. The next one may succeed.
   * @returns a function that ends it.
   */
  watch(name: string, onSweep: (sweep: Sweep) => void, onError: (error: unknown) => void): () => void {
    const url = this.url(name);
    const watch = this.#watches.get(url) ?? this.#createWatch(name);
    this.#watches.set(url, watch);
    const watcher: Watcher = { onSweep, onError };
    watch.add(watcher);
    return () => {
      watch.delete(watcher);
      if (!watch.isWatched && this.#watches.get(url) === watch) this.#watches.delete(url);
    };
  }

  /** The place of a sweep, which need not exist. @throws NotFoundError if no sweep can have such a name. */
  url(name: string): string {
    return `${this.#rootUrl}/${folderOf(name)}`;
  }

  /** Where a file of a sweep can be read: a link that is valid for 15 minutes, or a path. Undefined if there is no such file. */
  async download(name: string, file: "receipt.json" | "results.parquet"): Promise<FileLocation | undefined> {
    const { view, look } = await this.#look(name);
    const isThere = file === "receipt.json" ? look.notes.hasReceipt : look.notes.hasParquet;
    return isThere ? view.store.locate(file, LINK_SECONDS) : undefined;
  }

  /** @throws SweepError if the place of all results cannot be listed. */
  async checkReachable(): Promise<void> {
    await (await this.#root()).check();
  }

  /** Ends all watches. */
  close(): void {
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }

  #createWatch(name: string): Watch {
    let weight = 1;
    const look = async () => {
      const { view, look: seen } = await this.#look(name);
      weight = view.weight;
      return sweepOf(seen, this.#described(name));
    };
    return new Watch(look, () => this.#pollMs * weight);
  }

  async #look(name: string): Promise<{ readonly view: SweepView; readonly look: Look }> {
    const view = await this.#view(name);
    return { view, look: await view.look(this.#pollMs * view.weight) };
  }

  async #view(name: string): Promise<SweepView> {
    const folder = folderOf(name);
    const root = await this.#root();
    return this.#views.get(folder, () => new SweepView(name, root.store(folder)));
  }

  async #summary(name: string): Promise<SweepSummary> {
    const view = await this.#view(name);
    const look = await view.look(Math.max(this.#pollMs * view.weight, view.isResting ? RESTING_MS : 0));
    return summaryOf(look, this.#described(name));
  }

  #described(name: string): Described {
    return { name, url: this.url(name), costOf: this.#costOf };
  }
}
