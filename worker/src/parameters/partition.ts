import { CounterBasedContext } from "./random.ts";
import { endOf, type Range } from "./ranges.ts";

/** The settings that decide which worker computes which blocks. */
export interface Partitioning {
  readonly totalParameters: number;
  readonly totalWorkers: number;
  readonly batchSize: number;
  readonly partition: "contiguous" | "block-cyclic";
  readonly seed: number;
}

/**
 * The share of one worker: blocks of at most `batchSize` parameters, in the order in which the worker takes them.
 *
 * The shares of all workers hold every parameter exactly once, and their sizes differ by one at most. A block starts at a
 * multiple of `batchSize`, unless it is divided between two shares.
 */
export function shareOf(worker: number, partitioning: Partitioning): Range[] {
  const { totalParameters, batchSize } = partitioning;
  // The blocks are laid on a line, sorted by `order`, and the line is cut into equal parts.
  const order = partitioning.partition === "contiguous" ? undefined : blockOrder(partitioning);
  const blocks = Math.ceil(totalParameters / batchSize);
  const part = balancedPart(worker, partitioning);
  const share: Range[] = [];
  let place = order === undefined ? Math.floor(part.start / batchSize) : 0;
  let position = place * batchSize;
  for (; place < blocks && position < endOf(part); place++) {
    const start = (order?.[place] ?? place) * batchSize;
    const length = Math.min(batchSize, totalParameters - start);
    const from = Math.max(part.start - position, 0);
    const to = Math.min(endOf(part) - position, length);
    if (to > from) share.push({ start: start + from, count: to - from });
    position += length;
  }
  return share;
}

/** A worker's part of a line of `totalParameters`: three workers get 3,333,334, 3,333,333 and 3,333,333 of 10,000,000. */
function balancedPart(worker: number, { totalParameters, totalWorkers }: Partitioning): Range {
  const count = Math.floor(totalParameters / totalWorkers);
  const withOneMore = totalParameters % totalWorkers;
  return { start: worker * count + Math.min(worker, withOneMore), count: count + (worker < withOneMore ? 1 : 0) };
}

/**
 * All blocks, sorted by worker. Each round deals one block to every worker, by a permutation of (seed, round): neighbouring
 * blocks go to different workers, so that a region or a ramp of slow parameters is spread over all of them, and costs that recur
 * with a period cannot line up with a worker. Every second round deals the permutation of the round before in reverse: the worker
 * with the earliest block of a round gets the latest block of the next, which cancels a linear ramp exactly.
 *
 * Pinned by test/worker/pinned-values.test.ts: workers of two versions must agree on the shares of a run.
 */
function blockOrder({ totalParameters, batchSize, totalWorkers, seed }: Partitioning): Uint32Array {
  const blocks = Math.ceil(totalParameters / batchSize);
  const workerOf = new Uint32Array(blocks);
  const generator = new CounterBasedContext(seed);
  let permutation = new Uint32Array(0);
  for (let block = 0; block < blocks; block++) {
    const seat = block % totalWorkers;
    const round = (block - seat) / totalWorkers;
    if (seat === 0 && round % 2 === 0) {
      // Parameters are below 2^53, so that no evaluation uses these keys. Only even rounds, because 2^53 + 1 is no double.
      generator.moveTo(2 ** 53 + round);
      permutation = shuffled(Math.min(totalWorkers, blocks), generator.random);
    }
    const dealt = round % 2 === 0 ? seat : totalWorkers - 1 - seat;
    workerOf[block] = permutation[dealt] as number;
  }
  return sortedByWorker(workerOf, totalWorkers);
}

/** A random order of 0 to `count - 1` (Fisher-Yates). */
export function shuffled(count: number, random: () => number): Uint32Array<ArrayBuffer> {
  const values = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    const value = values[last] as number;
    values[last] = values[chosen] as number;
    values[chosen] = value;
  }
  return values;
}

/** The blocks ordered by worker, and by number within a worker (a counting sort). */
function sortedByWorker(workerOf: Uint32Array, totalWorkers: number): Uint32Array {
  const next = new Uint32Array(totalWorkers + 1);
  for (const worker of workerOf) next[worker + 1] = (next[worker + 1] as number) + 1;
  for (let worker = 0; worker < totalWorkers; worker++)
    next[worker + 1] = (next[worker + 1] as number) + (next[worker] as number);
  const order = new Uint32Array(workerOf.length);
  for (let block = 0; block < workerOf.length; block++) {
    const worker = workerOf[block] as number;
    const place = next[worker] as number;
    order[place] = block;
    next[worker] = place + 1;
  }
  return order;
}
