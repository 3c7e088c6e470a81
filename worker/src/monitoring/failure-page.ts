import type { FailurePage } from "../api/sweeps.ts";
import { type Range, union } from "../parameters/ranges.ts";
import { failuresIn } from "../stores/committed-blocks.ts";
import { inOrder } from "../stores/in-order.ts";
import type { CommittedBlock, CommittedBlocks, Failure } from "../stores/store.ts";
import type { Aggregate } from "./aggregate.ts";

/** A block with failures, and the pieces of it whose failures are wanted. */
interface Wanted {
  readonly block: CommittedBlock;
  readonly pieces: Range[];
}

/** Records that are read at the same time, and the bytes of them that are in memory. */
const WINDOW = { items: 16, bytes: 4 * 2 ** 20, bytesOf: ({ block }: Wanted) => block.failureBytes };

/**
 * The next failures of a sweep, sorted by parameter. Only the cells that have some are listed, and only the records that have some are read,
 * until the page is full.
 */
export async function failurePage(
  blocks: CommittedBlocks,
  { grid, failed }: Aggregate,
  after: number | undefined,
  limit: number,
): Promise<FailurePage> {
  const first = after === undefined ? 0 : after + 1;
  const cells: Range[] = [];
  for (const [cell, count] of failed.entries()) {
    const { start, count: size } = grid.rangeOf(cell);
    const from = Math.max(first, start);
    if (count > 0 && start + size > from) cells.push({ start: from, count: start + size - from });
  }
  const found: Failure[] = [];
  const read = async ({ block, pieces }: Wanted) => {
    const failures = await blocks.failuresOf(block);
    return pieces.flatMap((piece) => failuresIn(piece, failures));
  };
  for await (const failures of inOrder(withFailuresOf(blocks, union(cells)), read, WINDOW)) {
    // One by one: a call takes some hundred thousand arguments at most, and a block may have more failures.
    for (const failure of failures) found.push(failure);
    if (found.length > limit) break;
  }
  const failures = found.slice(0, limit).map(({ parameter, kind, error }) => ({ parameter, kind, error }));
  return { failures, next: found.length > limit ? (failures.at(-1)?.parameter ?? null) : null };
}

async function* withFailuresOf(blocks: CommittedBlocks, cells: readonly Range[]): AsyncGenerator<Wanted> {
  if (cells.length === 0) return;
  let last: Wanted | undefined;
  // The streams follow each other.
  for (const lane of blocks.lanes(cells)) {
    for await (const { start, count, record: block } of lane) {
      if (block.failureBytes === 0) continue;
      if (last?.block.start === block.start && last.block.count === block.count) {
        last.pieces.push({ start, count });
        continue;
      }
      if (last !== undefined) yield last;
      last = { block, pieces: [{ start, count }] };
    }
  }
  if (last !== undefined) yield last;
}
