import type { FailurePage } from "../api/sweeps.ts";
import { type Range, union } from "../parameters/ranges.ts";
import { type CommittedBlocks, type CommittedPart, failuresIn } from "../stores/committed-blocks.ts";
import { inOrder } from "../stores/in-order.ts";
import type { Failure } from "../stores/store.ts";
import type { Aggregate } from "./aggregate.ts";

/** Records that are read at the same time, and the bytes of them that are in memory. */
const WINDOW = { items: 16, bytes: 4 * 2 ** 20, bytesOf: ({ record }: CommittedPart) => record.failureBytes };

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
  const withFailures = withFailuresOf(blocks, union(cells));
  const read = async (part: CommittedPart) => failuresIn(part, await blocks.failuresOf(part.record));
  for await (const failures of inOrder(withFailures, read, WINDOW)) {
    found.push(...failures);
    if (found.length > limit) break;
  }
  const failures = found.slice(0, limit).map(({ parameter, kind, error }) => ({ parameter, kind, error }));
  return { failures, next: found.length > limit ? (failures.at(-1)?.parameter ?? null) : null };
}

async function* withFailuresOf(blocks: CommittedBlocks, cells: readonly Range[]): AsyncGenerator<CommittedPart> {
  if (cells.length === 0) return;
  // The streams follow each other.
  for (const lane of blocks.lanes(cells)) {
    for await (const part of lane) if (part.record.failureBytes > 0) yield part;
  }
}
