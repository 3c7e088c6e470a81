import { countNoun, formatCount } from "./format.ts";
import { LIMITS } from "./limits.ts";
import { type Problem, show } from "./problems.ts";

const BYTES_PER_VALUE = 8;
const MIB = 1024 ** 2;

/** The size of a run's blocks. */
export interface BlockShape {
  /** Parameters in a block. */
  readonly batchSize: number;
  /** Results of each parameter. */
  readonly columns: number;
}

/**
 * Number of blocks that may lie between the evaluation and a bucket, in temporary storage or in a request. Many small blocks hide the
 * time of a request; of large ones two do, one of which is computed while the other one is sent.
 */
export function blocksInFlight(shape: BlockShape): number {
  const fitting = Math.floor(LIMITS.bytesInFlight / bytesOfBlock(shape));
  return Math.max(2, Math.min(LIMITS.spooledBlocks, fitting));
}

/** Temporary storage in MiB that blocks of this size or smaller take on their way to a bucket. */
export function spoolMiB(shape: BlockShape): number {
  return Math.ceil(mostBytesInFlight(shape) / MIB);
}

/** Memory in MiB of a worker without a block: two processes of Node.js, and a reserve. */
const PROCESSES_MIB = 120;
/** Blocks in memory beside those on their way: the one that is computed, and those that were sent and wait for a garbage collection. */
const OTHER_BLOCKS = 3;

/**
 * Least memory in MiB of a pod whose results go to a bucket: for the two processes of a worker and its blocks, with an
 * evaluation that takes next to none itself. test/worker/memory-of-blocks.long.test.ts runs workers in that much.
 */
export function leastMemoryMiB(shape: BlockShape): number {
  const blocks = mostBytesInFlight(shape) + OTHER_BLOCKS * bytesOfBlock(shape);
  return Math.ceil(PROCESSES_MIB + blocks / MIB);
}

/** The largest blocks, in parameters, for which this much memory is enough; at least 1. */
export function largestBatchSize(memoryMiB: number, columns: number): number {
  let [enough, tooLarge] = [1, LIMITS.batchSize + 1];
  while (tooLarge - enough > 1) {
    const batchSize = Math.floor((enough + tooLarge) / 2);
    if (leastMemoryMiB({ batchSize, columns }) <= memoryMiB) enough = batchSize;
    else tooLarge = batchSize;
  }
  return enough;
}

/** The problem of a memory limit below {@link leastMemoryMiB}, with which the kernel would kill the worker over and over. */
export function memoryProblems(limitMiB: number, shape: BlockShape): Problem[] {
  const leastMiB = leastMemoryMiB(shape);
  if (!(limitMiB < leastMiB)) return [];
  const { batchSize, columns } = shape;
  const results = countNoun(columns, "result");
  const blocks = `blocks of ${countNoun(batchSize, "parameter")} with ${results} each`;
  return [
    {
      path: ["memoryLimitMiB"],
      allowed: `${formatCount(leastMiB)} MiB or more`,
      got: show(limitMiB),
      fix: `a worker needs as much for ${blocks}; raise the limit, or use a smaller batchSize`,
    },
  ];
}

function bytesOfBlock({ batchSize, columns }: BlockShape): number {
  return batchSize * columns * BYTES_PER_VALUE;
}

/** Not below that of any smaller block, so that more columns never need less. */
function mostBytesInFlight(shape: BlockShape): number {
  const block = bytesOfBlock(shape);
  return Math.min(LIMITS.spooledBlocks * block, Math.max(LIMITS.bytesInFlight, 2 * block));
}
