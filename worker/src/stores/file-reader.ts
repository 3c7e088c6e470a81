import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { explainFileError, TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import type { RunFile, RunIdentity } from "../contract/identity.ts";
import { endOf, overlaps, type Range } from "../parameters/ranges.ts";
import { bytesOf, type Checksum, createChecksum } from "./checksum.ts";
import { CommitLog } from "./commit-log.ts";
import { FileReport } from "./file-report.ts";
import { inOrder } from "./in-order.ts";
import { recordOf, resolve } from "./resolution.ts";
import {
  type CommitRecord,
  REPORT_FILES,
  type ReportWriter,
  type ResultReader,
  type StoreState,
  type Stretch,
} from "./store.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Consecutive blocks are read together up to this many values, because small reads are slow. */
const VALUES_AT_ONCE = 1 << 17;

/** Consecutive parameters, their records, and memory for their values. */
interface Plan extends Range {
  readonly records: readonly CommitRecord[];
  readonly buffers: Float64Array[];
}

/** Reads the results in a directory. */
export class FileReader implements ResultReader {
  readonly identity: RunIdentity;
  readonly isIdentityChecked: boolean;
  readonly url: string;
  readonly evaluationBundle: ResultReader["evaluationBundle"];
  readonly #directory: string;

  constructor(
    directory: string,
    url: string,
    { identity, isChecked }: RunFile,
    evaluationBundle: ResultReader["evaluationBundle"],
  ) {
    this.#directory = directory;
    this.url = url;
    this.identity = identity;
    this.isIdentityChecked = isChecked;
    this.evaluationBundle = evaluationBundle;
  }

  async *stretches(range: Range = { start: 0, count: this.identity.totalParameters }): AsyncGenerator<Stretch> {
    const files: FileHandle[] = [];
    try {
      for (const path of this.#columnPaths()) files.push(await this.#open(path));
      const checksum = await createChecksum();
      // Two stretches in work: one is read while the other is hashed.
      const window = { items: 2, bytes: Number.POSITIVE_INFINITY, bytesOf: () => 0 };
      const plans = this.#plan(await CommitLog.sort(join(this.#directory, "commits.log")), range);
      yield* inOrder(plans, (plan) => readStretch(files, checksum, plan), window);
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
  }

  /** Only something else than a worker changes the size of a file. */
  async checkSize(): Promise<void> {
    const size = this.identity.totalParameters * BYTES;
    const found = this.#columnPaths().map((path) => ({ path, bytes: statSync(path).size }));
    const wrong = found
      .filter(({ bytes }) => bytes !== size)
      .map(({ path, bytes }) => `${path} has ${formatCount(bytes)} bytes instead of ${formatCount(size)}`);
    if (wrong.length === 0) return;
    throw new TemporaryError(
      `${this.url} is changed: ${wrong.join(", ")}. Start the run again: it corrects the size and computes nothing`,
    );
  }

  async report(name: string): Promise<ReportWriter> {
    return new FileReport(join(this.#directory, name));
  }

  async readReport(name: string): Promise<string | undefined> {
    const path = join(this.#directory, name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  async state(): Promise<StoreState> {
    const seenAt = Date.now();
    const values: string[] = [];
    const reports: string[] = [];
    let changedAt = 0;
    const names = [
      ...this.identity.columns.map((name) => join("columns", `${name}.f64`)),
      ...readdirSync(this.#directory).sort(),
    ];
    for (const name of names) {
      const stat = statSync(join(this.#directory, name), { bigint: true, throwIfNoEntry: false });
      if (stat === undefined || stat.isDirectory()) continue;
      const description = `${name} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`;
      if (name === REPORT_FILES.state) continue;
      if (Object.values<string>(REPORT_FILES).includes(name)) reports.push(description);
      else {
        values.push(description);
        changedAt = Math.max(changedAt, Number(stat.ctimeMs));
      }
    }
    return { values, reports, changedAt, seenAt };
  }

  /** Joins records that overlap, and small ones that follow each other. */
  *#plan(sorted: Iterable<CommitRecord>, range: Range): Generator<Plan> {
    // The buffers are used in turn, and grow to the longest stretch.
    const buffers = [0, 1].map(() => this.identity.columns.map(() => new Float64Array(0)));
    let turn = 0;
    let records: CommitRecord[] = [];
    let [start, end] = [0, 0];
    const plan = (): Plan[] => {
      if (!overlaps([range], { start, count: end - start })) return [];
      return [{ start, count: end - start, records, buffers: buffers[turn++ % 2] as Float64Array[] }];
    };
    for (const record of sorted) {
      const isBehind = record.start >= end;
      if (record.start > end || (isBehind && endOf(record) - start > VALUES_AT_ONCE)) {
        yield* plan();
        records = [];
        start = record.start;
      }
      records.push(record);
      end = Math.max(end, endOf(record));
    }
    yield* plan();
  }

  async #open(path: string): Promise<FileHandle> {
    try {
      return await open(path, "r");
    } catch (error) {
      throw explainFileError(error, path);
    }
  }

  #columnPaths(): string[] {
    return this.identity.columns.map((name) => join(this.#directory, "columns", `${name}.f64`));
  }
}

/** Reads the values of a stretch, column by column, and checks them. Beyond the end of a file that was cut they are 0. */
async function readStretch(
  files: readonly FileHandle[],
  checksum: Checksum,
  { start, count, records, buffers }: Plan,
): Promise<Stretch> {
  const columns = await Promise.all(
    files.map(async (file, place) => {
      if ((buffers[place] as Float64Array).length < count) buffers[place] = new Float64Array(count);
      const values = (buffers[place] as Float64Array).subarray(0, count);
      const bytes = bytesOf(values);
      for (let got = 0; got < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, got, bytes.length - got, start * BYTES + got);
        if (bytesRead === 0) {
          bytes.fill(0, got);
          break;
        }
        got += bytesRead;
      }
      return values;
    }),
  );
  const valuesOf = (range: Range) => valuesIn(columns, range.start - start, range.count);
  // Records of different stretches do not overlap.
  const intact = records.filter((record) => checksum(record.start, valuesOf(record)) === record.checksum);
  const blocks = Array.from(resolve(intact), (part) => recordOf(part, () => checksum(part.start, valuesOf(part))));
  return { start, count, columns, blocks };
}

function valuesIn(columns: readonly Float64Array[], from: number, count: number): Float64Array[] {
  return columns.map((column) => column.subarray(from, from + count));
}
