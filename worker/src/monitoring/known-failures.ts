import { failuresIn } from "../stores/committed-blocks.ts";
import type { CommittedBlocks, CommittedPart } from "../stores/store.ts";
import { Grid } from "./grid.ts";

/** Most records that are read of a sweep, and remembered. Beyond them failures are estimated. */
const MOST_RECORDS = 1_000;
/** Longer records are not read to count: the memory of a small pod holds sixteen of them, with what is made of them. */
const LONGEST_RECORD = 512 * 1024;
/** The bytes of a failure in a record before one was read. */
const USUAL_BYTES = 120;

/** The failures of a part by cell, as pairs of a cell and a count. */
type CountsByCell = readonly (readonly [cell: number, failed: number])[];

/**
 * The numbers of failures in records that were read. A block never changes, so that its record is read once, although the sweep is listed
 * again and again. It remembers counts, and not the failures themselves.
 */
export class KnownFailures {
  readonly #grid: Grid;
  readonly #records = new Map<string, CountsByCell>();
  #bytes = 0;
  #failures = 0;

  /** @param total the number of parameters of the sweep. */
  constructor(total: number) {
    this.#grid = new Grid(total);
  }

  /** How many bytes a failure takes in a record, in the mean of those that were read. */
  get bytesOfFailure(): number {
    return this.#failures === 0 ? USUAL_BYTES : this.#bytes / this.#failures;
  }

  /** Whether the record of a part is so small, and there is so much room, that it is worth reading. */
  isWorthReading({ record }: CommittedPart): boolean {
    return record.failureBytes <= LONGEST_RECORD && this.#records.size < MOST_RECORDS;
  }

  /** Undefined if the record of the part was not read. */
  find(part: CommittedPart): CountsByCell | undefined {
    if (part.record.failures !== undefined) return this.#count(part, part.record.failures);
    return this.#records.get(keyOf(part));
  }

  async read(blocks: CommittedBlocks, part: CommittedPart): Promise<CountsByCell> {
    const failures = await blocks.failuresOf(part.record);
    this.#bytes += part.record.failureBytes;
    this.#failures += failures.length;
    const counts = this.#count(part, failures);
    this.#records.set(keyOf(part), counts);
    return counts;
  }

  #count(part: CommittedPart, failures: readonly { readonly parameter: number }[]): CountsByCell {
    const counts = new Map<number, number>();
    for (const { parameter } of failuresIn(part, failures)) {
      const cell = this.#grid.cellOf(parameter);
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    return [...counts];
  }
}

/** Another part of the same block may count when a block that overlaps it appears. */
function keyOf({ start, count, record }: CommittedPart): string {
  return `${record.start}-${record.count}/${start}-${count}`;
}
