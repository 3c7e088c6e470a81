import { join } from "node:path";
import { TemporaryError } from "../contract/errors.ts";
import type { RunFile, RunIdentity } from "../contract/identity.ts";
import { endOf, type Range } from "../parameters/ranges.ts";
import { bytesOf, createChecksum, createTextChecksum } from "./checksum.ts";
import { ColumnFiles } from "./column-files.ts";
import { CommitLog, parseRecord } from "./commit-log.ts";
import { inOrder } from "./in-order.ts";
import { type ResolvedPart, recordOf } from "./resolution.ts";
import { keyOf } from "./s3-blocks.ts";
import type { Bucket } from "./s3-bucket.ts";
import type { CommitRecord, ReportWriter, ResultReader, Stretch } from "./store.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;
/**
 * Blocks that are fetched at the same time. An answer takes about 30 ms and the work on it less than one: these keep a processor busy.
 * Large blocks are bounded by their bytes, which the memory of a small pod holds twice.
 */
const WINDOW = { items: 48, bytes: 32 * 2 ** 20 };

/** A block in the bucket, and the part of it that counts. */
type BlockPart = ResolvedPart<Range & { readonly modifiedAt?: number | undefined }>;

/** Reads the results in a bucket, block by block, without keeping them. */
export class S3Reader implements ResultReader {
  readonly identity: RunIdentity;
  readonly isIdentityChecked: boolean;
  readonly url: string;
  readonly evaluationBundle: ResultReader["evaluationBundle"];
  readonly #bucket: Bucket;
  readonly #parts: (range: Range) => AsyncIterable<BlockPart>;

  /** @param parts finds the parts that hold some parameters of a range, sorted and disjoint. */
  constructor(
    bucket: Bucket,
    url: string,
    { identity, isChecked }: RunFile,
    evaluationBundle: ResultReader["evaluationBundle"],
    parts: (range: Range) => AsyncIterable<BlockPart>,
  ) {
    this.#bucket = bucket;
    this.url = url;
    this.identity = identity;
    this.isIdentityChecked = isChecked;
    this.evaluationBundle = evaluationBundle;
    this.#parts = parts;
  }

  async *stretches(range: Range = { start: 0, count: this.identity.totalParameters }): AsyncGenerator<Stretch> {
    const fetch = await this.#createFetch();
    let covered = range.start;
    let isComplete = true;
    const fetchUnlessIncomplete = async (part: BlockPart): Promise<Stretch> => {
      isComplete &&= part.start <= covered;
      covered = endOf(part);
      return isComplete ? fetch(part) : withoutValues(part);
    };
    yield* inOrder(this.#parts(range), fetchUnlessIncomplete, this.#window);
  }

  async checkSize(): Promise<void> {
    // A block whose object has another size does not match its checksum.
  }

  async report(name: string): Promise<ReportWriter> {
    return this.#bucket.report(name);
  }

  async readReport(name: string): Promise<string | undefined> {
    // An empty one was withdrawn: executors may not delete objects.
    return (await this.#bucket.get(name))?.toString() || undefined;
  }

  async state(): Promise<undefined> {
    // A listing would tell, but it takes half as long as to verify.
    return undefined;
  }

  /** Adds the blocks to a directory of results that it does not have yet. */
  async download(directory: string): Promise<void> {
    const { columns, totalParameters } = this.identity;
    const logPath = join(directory, "commits.log");
    const paths = columns.map((name) => join(directory, "columns", `${name}.f64`));
    const files = ColumnFiles.open(paths, totalParameters);
    const log = await CommitLog.open(logPath);
    try {
      const checksum = await createChecksum();
      // A machine that crashed may have kept a record and lost its values: these are fetched again.
      const isIntact = ({ start, count, checksum: stored }: CommitRecord) =>
        checksum(start, files.read(start, count)) === stored;
      const parts = without(CommitLog.sorted(logPath), isIntact, this.#parts({ start: 0, count: totalParameters }));
      for await (const { start, count, columns, blocks } of inOrder(parts, await this.#createFetch(), this.#window)) {
        files.write(start, count, columns);
        log.append(blocks);
      }
    } finally {
      files.close();
      log.close();
    }
  }

  get #window() {
    return { ...WINDOW, bytesOf: ({ record }: BlockPart) => record.count * BYTES * this.identity.columns.length };
  }

  /** @returns a function that fetches a part of a block, and checks the whole block before it takes the part. */
  async #createFetch(): Promise<(part: BlockPart) => Promise<Stretch>> {
    const [checksum, checksumOf] = [await createChecksum(), await createTextChecksum()];
    return async ({ record: block, start, count }) => {
      const object = (await this.#bucket.get(keyOf(block))) ?? Buffer.alloc(0);
      const length = block.count * BYTES;
      const whole = this.identity.columns.map((_, place) => valuesIn(object, place * length, block.count));
      const record = parseRecord(object.toString("utf8", length * whole.length).trimEnd(), checksumOf);
      if (record?.start !== block.start || checksum(block.start, whole) !== record.checksum) {
        // No worker replaces an existing object, so a person must delete it.
        throw new TemporaryError(
          `${this.url}/${keyOf(block)} is damaged: delete it, and run the sweep again to compute its block anew`,
        );
      }
      const columns = whole.map((values) => values.subarray(start - block.start));
      const part = { start, count, record: { ...record, committedAt: block.modifiedAt } };
      return { start, count, columns, blocks: [recordOf(part, () => checksum(start, columns))] };
    };
  }
}

/** Float64 values at a byte of an object, without copying if they are aligned. Beyond the end of a short object they are 0. */
function valuesIn(object: Buffer, at: number, count: number): Float64Array {
  const position = object.byteOffset + at;
  const isWhole = at + count * BYTES <= object.length;
  if (isWhole && position % BYTES === 0) return new Float64Array(object.buffer, position, count);
  const values = new Float64Array(count);
  bytesOf(values).set(object.subarray(at, at + count * BYTES));
  return values;
}

function withoutValues({ start, count }: BlockPart): Stretch {
  return { start, count, columns: [], blocks: [{ start, count, checksum: "", failures: [] }] };
}

/** The parts that are not among the intact records, both sorted by their first parameter. */
async function* without(
  records: AsyncGenerator<CommitRecord>,
  isIntact: (record: CommitRecord) => boolean,
  parts: AsyncIterable<BlockPart>,
): AsyncGenerator<BlockPart> {
  try {
    let next = await records.next();
    for await (const part of parts) {
      let isThere = false;
      for (; !next.done && next.value.start <= part.start; next = await records.next()) {
        isThere ||= next.value.start === part.start && next.value.count === part.count && isIntact(next.value);
      }
      // A part of a block is fetched again, which is rare: another block of the same range may have been there.
      if (!isThere || part.count < part.record.count) yield part;
    }
  } finally {
    await records.return(undefined);
  }
}
