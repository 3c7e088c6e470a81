import { PermanentError, TemporaryError } from "../contract/errors.ts";
import { countOf, endOf, type Range } from "../parameters/ranges.ts";
import { type ListPage, PAGE_SIZE } from "./s3-list.ts";

/** Lists objects, as {@link Bucket.list} does. */
export type ListObjects = (below: string, after: string, limit: number) => Promise<ListPage>;

/** A committed block of a bucket. */
export interface BlockObject extends Range {
  /** The bytes of the object; undefined if the service does not tell. */
  readonly size: number | undefined;
  /** Milliseconds since the epoch; undefined if the service does not tell. */
  readonly modifiedAt?: number | undefined;
}

const FOLDER = "blocks/";
const BLOCK_KEY = /^blocks\/(\d{16})-([1-9]\d*)\.block$/;
/**
 * Most blocks of other workers that a request reads on the way to the next own block. A request takes as much CPU as 400 keys of a
 * page (0.9 ms), and a bucket takes about as long for it.
 */
const LARGEST_GAP = 300;
/** Most lanes that list at the same time. A page takes about 0.1 s to arrive. */
const MOST_LANES = 8;
/** A lane is worth its first request from this many requests on. */
const REQUESTS_OF_A_LANE = 4;

/** The key of a block. Keys sort by the first parameter. */
export function keyOf({ start, count }: Range): string {
  return `${keyFrom(start)}-${count}.block`;
}

/** Sorts before the keys of all blocks that start at `start` or later, and after all others. */
function keyFrom(start: number): string {
  return FOLDER + String(start).padStart(16, "0");
}

/**
 * Finds the blocks of a bucket that some parameters can be in, without listing all others.
 *
 * A block is found by its first parameter, so that a block before a range may reach into it. No block is longer than the run's
 * `batchSize`: a worker's places for blocks on their way to the bucket have that size, it refuses to commit a longer one, and all
 * workers of a run have the same `batchSize`, because it is part of the run's identity. The blocks that start less than
 * `batchSize` before a range are therefore enough.
 *
 * The share of a worker may be one long range, or thousands of blocks between those of other workers. A listing reads on through
 * the blocks of others while that costs less than another request, and skips them otherwise: a start costs one request for each
 * own block at most, and the keys of {@link LARGEST_GAP} blocks. The memory is that of one page.
 */
export class BlockListing {
  readonly #list: ListObjects;
  readonly #batchSize: number;
  /** Blocks for each parameter, as the last pages had them. */
  #density: number;

  constructor(list: ListObjects, batchSize: number) {
    this.#list = list;
    this.#batchSize = batchSize;
    this.#density = 1 / batchSize;
  }

  /**
   * The blocks that hold some of the wanted parameters, and some others, sorted by their first parameter.
   *
   * @param wanted disjoint and sorted.
   */
  async *blocksOf(wanted: readonly Range[]): AsyncGenerator<BlockObject> {
    let [after, limit, place, known] = ["", 0, 0, 0];
    for (let next = wanted[place]; next !== undefined; ) {
      const from = Math.max(0, next.start - this.#batchSize + 1);
      if (keyFrom(from) > after) [after, limit] = [keyFrom(from), 0];
      // A page that did not reach the end of its range was too small.
      limit = Math.min(PAGE_SIZE, Math.max(2 * limit, this.#keysUntilGap(wanted, place, Math.max(from, known))));
      const { objects, isTruncated } = await this.#list(FOLDER, after, limit);
      const blocks: BlockObject[] = [];
      for (const { key, size, modifiedAt } of objects) {
        if (key <= after) throw unsorted(key, after);
        after = key;
        const [, start, count] = BLOCK_KEY.exec(key) ?? [];
        if (start !== undefined) blocks.push({ start: Number(start), count: Number(count), size, modifiedAt });
      }
      yield* blocks;
      if (!isTruncated) return;
      if (objects.length === 0) throw new TemporaryError("the bucket lists no objects, although there are more");
      this.#learn(blocks);
      // All blocks that start before the last one are known.
      known = blocks.at(-1)?.start ?? known;
      if (endOf(next) <= known) limit = 0;
      while (next !== undefined && endOf(next) <= known) next = wanted[++place];
    }
  }

  /** Divides disjoint and sorted ranges into parts that are worth listing at the same time, each again disjoint and sorted. */
  lanesOf(wanted: readonly Range[]): Range[][] {
    const lanes = Math.max(1, Math.min(MOST_LANES, Math.floor(this.#requestsFor(wanted) / REQUESTS_OF_A_LANE)));
    const each = Math.ceil(countOf(wanted) / lanes);
    const divided: Range[][] = [[]];
    let room = each;
    for (const range of wanted) {
      for (let { start } = range; start < endOf(range); ) {
        if (room === 0) {
          divided.push([]);
          room = each;
        }
        const count = Math.min(room, endOf(range) - start);
        divided.at(-1)?.push({ start, count });
        start += count;
        room -= count;
      }
    }
    return divided;
  }

  /** The number of keys from `from` to the first gap between wanted ranges that is worth another request. */
  #keysUntilGap(wanted: readonly Range[], place: number, from: number): number {
    let end = endOf(wanted[place] as Range);
    for (let next = wanted[++place]; next !== undefined; next = wanted[++place]) {
      if ((end - from) * this.#density > PAGE_SIZE || this.#isLarge(next.start - end)) break;
      end = endOf(next);
    }
    // The key behind the end proves that there is no other one before it.
    return Math.ceil((end - from) * this.#density) + 2;
  }

  #requestsFor(wanted: readonly Range[]): number {
    let [requests, keys, end] = [1, 0, wanted[0]?.start ?? 0];
    for (const range of wanted) {
      if (this.#isLarge(range.start - end)) requests++;
      else keys += (endOf(range) - end) * this.#density;
      end = endOf(range);
    }
    return requests + keys / PAGE_SIZE;
  }

  #isLarge(gap: number): boolean {
    return gap * this.#density > LARGEST_GAP;
  }

  #learn(blocks: readonly BlockObject[]): void {
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#density = blocks.length / (endOf(last) - first.start);
  }
}

function unsorted(key: string, after: string): PermanentError {
  const order = `${key} after ${after}`;
  return new PermanentError(`the bucket does not list keys in order (${order}): use a general purpose bucket`);
}
