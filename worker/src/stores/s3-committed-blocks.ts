import type { RunIdentity } from "../contract/identity.ts";
import type { Range } from "../parameters/ranges.ts";
import { bytesOf, createTextChecksum } from "./checksum.ts";
import { bytesWithoutFailures, parseRecord } from "./commit-log.ts";
import { piecesIn } from "./committed-blocks.ts";
import { type ResolvedPart, resolveStream } from "./resolution.ts";
import { type BlockListing, type BlockObject, keyOf } from "./s3-blocks.ts";
import type { Bucket } from "./s3-bucket.ts";
import type { CommittedBlock, CommittedBlocks, CommittedPart, Failure } from "./store.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;
const NO_FAILURES: readonly Failure[] = [];

/**
 * The blocks of a bucket from a listing alone: a record without failures has a length that is known from its start, its count and the
 * number of columns. Only longer objects have failures, and of these only the record is read.
 */
export class S3CommittedBlocks implements CommittedBlocks {
  readonly identity: RunIdentity;
  readonly #bucket: Bucket;
  readonly #listing: BlockListing;

  constructor(bucket: Bucket, listing: BlockListing, identity: RunIdentity) {
    this.#bucket = bucket;
    this.#listing = listing;
    this.identity = identity;
  }

  lanes(wanted: readonly Range[] = [{ start: 0, count: this.identity.totalParameters }]) {
    return this.#listing.lanesOf(wanted).map((lane) => this.#partsOf(lane));
  }

  async failuresOf(block: Range): Promise<readonly Failure[]> {
    const trailer = await this.#bucket.get(keyOf(block), this.#bytesOfValues(block));
    return parseRecord(trailer?.toString().trimEnd() ?? "", await createTextChecksum())?.failures ?? NO_FAILURES;
  }

  async valuesOf({ start, count, record }: CommittedPart, column: number, most: number): Promise<Float64Array> {
    const wanted = Math.min(count, most);
    const offset = (column * record.count + start - record.start) * BYTES;
    const bytes = (await this.#bucket.get(keyOf(record), offset, wanted * BYTES)) ?? Buffer.alloc(0);
    const values = new Float64Array(Math.floor(bytes.length / BYTES));
    // The bytes need not begin where a number may.
    bytesOf(values).set(bytes.subarray(0, values.byteLength));
    return values;
  }

  async *#partsOf(lane: readonly Range[]): AsyncGenerator<CommittedPart> {
    for await (const part of resolveStream(this.#listing.blocksOf(lane))) {
      // The blocks before and behind belong to other lanes.
      for (const piece of piecesIn(lane, part)) yield this.#described(piece);
    }
  }

  #described({ start, count, record }: ResolvedPart<BlockObject>): CommittedPart {
    const failureBytes = this.#failureBytesOf(record);
    const failures = failureBytes === 0 ? NO_FAILURES : undefined;
    const block: CommittedBlock = {
      start: record.start,
      count: record.count,
      committedAt: record.modifiedAt,
      failures,
      failureBytes,
    };
    return { start, count, record: block };
  }

  #failureBytesOf(block: BlockObject): number {
    // A service that does not tell sizes makes us read the record of each block.
    if (block.size === undefined) return 1;
    return Math.max(0, block.size - this.#bytesOfValues(block) - bytesWithoutFailures(block));
  }

  #bytesOfValues({ count }: Range): number {
    return count * BYTES * this.identity.columns.length;
  }
}
