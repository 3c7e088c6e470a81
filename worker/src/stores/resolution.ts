import { endOf, type Range } from "../parameters/ranges.ts";
import type { CommitRecord } from "./store.ts";

/** The part of a record that counts: all of it, or its end. */
export interface ResolvedPart<Item extends Range> extends Range {
  readonly record: Item;
}

/**
 * Decides for each parameter which of several records counts, whatever the order in which workers wrote them. Records overlap when
 * two workers had the same share, for example a pod that was lost and its successor, because each stores parts of a block by its
 * own clock.
 *
 * The first record counts, sorted by start, then longest; of records of the same range, the last one in the log. A later record
 * counts from the end of the earlier ones on, so that a record can only lose its beginning, and the memory is that of one record.
 *
 * Records must be added sorted by their first parameter, and only those that can be used: in files, a record whose values were
 * overwritten or damaged does not count.
 */
export class Resolution<Item extends Range> {
  #candidate: Item | undefined;
  #covered = 0;

  /** Adds a record. @returns the part of an earlier record, if this one decided it. */
  add(record: Item): ResolvedPart<Item> | undefined {
    const candidate = this.#candidate;
    if (candidate !== undefined && record.start < candidate.start) throw new Error("the records are not sorted");
    if (candidate?.start === record.start) {
      if (record.count >= candidate.count) this.#candidate = record;
      return undefined;
    }
    this.#candidate = record;
    return this.#decide(candidate);
  }

  /** @returns the part of the last record. */
  end(): ResolvedPart<Item> | undefined {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    return this.#decide(candidate);
  }

  #decide(record: Item | undefined): ResolvedPart<Item> | undefined {
    if (record === undefined) return undefined;
    const start = Math.max(record.start, this.#covered);
    const count = endOf(record) - start;
    if (count <= 0) return undefined;
    this.#covered = endOf(record);
    return { start, count, record };
  }
}

/** The parts of sorted records that count, sorted and disjoint: see {@link Resolution}. */
export function* resolve<Item extends Range>(records: Iterable<Item>): Generator<ResolvedPart<Item>> {
  const resolution = new Resolution<Item>();
  for (const record of records) {
    const part = resolution.add(record);
    if (part !== undefined) yield part;
  }
  const last = resolution.end();
  if (last !== undefined) yield last;
}

/** {@link resolve} for a stream of records that is too long for the memory. */
export async function* resolveStream<Item extends Range>(
  records: AsyncIterable<Item>,
): AsyncGenerator<ResolvedPart<Item>> {
  const resolution = new Resolution<Item>();
  for await (const record of records) {
    const part = resolution.add(record);
    if (part !== undefined) yield part;
  }
  const last = resolution.end();
  if (last !== undefined) yield last;
}

/**
 * The record of a part. A part of a record has a checksum of its own, and only the failures in it.
 *
 * @param checksumOf the checksum of the part's values; called only if the record is trimmed.
 */
export function recordOf(part: ResolvedPart<CommitRecord>, checksumOf: () => string): CommitRecord {
  const { start, count, record } = part;
  if (count === record.count) return record;
  return {
    start,
    count,
    checksum: checksumOf(),
    failures: record.failures.filter(({ parameter }) => parameter >= start),
    committedAt: record.committedAt,
  };
}
