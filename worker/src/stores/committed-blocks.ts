import { endOf, intersection, type Range } from "../parameters/ranges.ts";
import type { ResolvedPart } from "./resolution.ts";
import type { CommittedBlocks, CommittedPart } from "./store.ts";

/** The failures of a block that lie in a part of it. */
export function failuresIn<Item extends { readonly parameter: number }>(
  part: Range,
  failures: readonly Item[],
): Item[] {
  return failures.filter(({ parameter }) => parameter >= part.start && parameter < endOf(part));
}

/** The pieces of a part that lie in disjoint and sorted ranges. */
export function piecesIn<Item extends Range>(wanted: readonly Range[], part: ResolvedPart<Item>): ResolvedPart<Item>[] {
  return intersection(wanted, part).map((piece) => ({ ...piece, record: part.record }));
}

/** The same promise, which may be rejected before somebody waits for it. */
export function reported<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Records with failures that a lane reads together. */
const READ_AT_ONCE = 16;

/** Counts the committed parameters, and the failed ones among them. The memory is that of some pages, however many blocks there are. */
export async function countCommitted(blocks: CommittedBlocks): Promise<{ committed: number; failed: number }> {
  let [committed, failed] = [0, 0];
  const countLane = async (lane: AsyncIterable<CommittedPart>) => {
    let reading: Promise<void>[] = [];
    for await (const part of lane) {
      committed += part.count;
      if (part.record.failureBytes === 0) continue;
      const known = part.record.failures;
      if (known !== undefined) {
        failed += failuresIn(part, known).length;
        continue;
      }
      const count = blocks.failuresOf(part.record).then((failures) => {
        failed += failuresIn(part, failures).length;
      });
      reading.push(reported(count));
      if (reading.length < READ_AT_ONCE) continue;
      await Promise.all(reading);
      reading = [];
    }
    await Promise.all(reading);
  };
  await Promise.all(blocks.lanes().map(countLane));
  return { committed, failed };
}
