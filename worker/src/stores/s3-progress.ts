import type { RunIdentity } from "../contract/identity.ts";
import { endOf, type Range } from "../parameters/ranges.ts";
import { createTextChecksum } from "./checksum.ts";
import { bytesWithoutFailures, parseRecord } from "./commit-log.ts";
import { type ResolvedPart, resolveStream } from "./resolution.ts";
import { type BlockListing, type BlockObject, keyOf } from "./s3-blocks.ts";
import { type Bucket, inParallel } from "./s3-bucket.ts";
import type { StoreProgress } from "./store.ts";

/** Records with failures that a lane reads together. */
const READ_AT_ONCE = 16;

/**
 * Counts the parameters in a bucket from a listing alone: a record without failures has a length that is known from its start, its
 * count and the number of columns. Only longer objects have failures, and of these only the record is read. The memory is that of
 * some pages, however many blocks there are.
 */
export async function countInBucket(
  bucket: Bucket,
  listing: BlockListing,
  identity: RunIdentity,
): Promise<StoreProgress> {
  const checksumOf = await createTextChecksum();
  let [committed, failed] = [0, 0];

  async function countFailures({ start, count, record: block }: ResolvedPart<Range>): Promise<void> {
    const trailer = await bucket.get(keyOf(block), bytesOfValues(block, identity));
    const record = parseRecord(trailer?.toString().trimEnd() ?? "", checksumOf);
    for (const { parameter } of record?.failures ?? []) if (parameter >= start && parameter < start + count) failed++;
  }

  async function countLane(lane: Range): Promise<void> {
    let withFailures: ResolvedPart<Range>[] = [];
    for await (const { record, ...part } of resolveStream(listing.blocksOf([lane]))) {
      // The blocks before and behind belong to other lanes.
      const start = Math.max(part.start, lane.start);
      const count = Math.min(endOf(part), endOf(lane)) - start;
      if (count <= 0) continue;
      committed += count;
      if (mayHaveFailures(record, identity)) withFailures.push({ start, count, record });
      if (withFailures.length < READ_AT_ONCE) continue;
      await inParallel(withFailures, countFailures);
      withFailures = [];
    }
    await inParallel(withFailures, countFailures);
  }

  const everything = { start: 0, count: identity.totalParameters };
  await Promise.all(listing.lanesOf([everything]).flat().map(countLane));
  return { identity, committed, failed };
}

function mayHaveFailures(block: BlockObject, identity: RunIdentity): boolean {
  return block.size === undefined || block.size > bytesOfValues(block, identity) + bytesWithoutFailures(block);
}

function bytesOfValues({ count }: Range, { columns }: RunIdentity): number {
  return count * Float64Array.BYTES_PER_ELEMENT * columns.length;
}
