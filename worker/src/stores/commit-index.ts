import type { CommitRecord } from "./store.ts";

/** The place of a record's line in the log, in bytes. */
export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * The numbers of a record: start, count, both halves of the checksum, the place of its line, or -1 if it has no failures, and its time, or
 * NaN.
 */
const NUMBERS = 7;

/**
 * Many commit records in little memory, to be sorted: 60 bytes for each, so that a million take 60 MB. A record with failures may
 * be long, so that it is read again when it is its turn.
 */
export class CommitIndex {
  #numbers = new Float64Array(1024 * NUMBERS);
  #size = 0;

  add({ start, count, checksum, failures, committedAt }: CommitRecord, { offset, length }: LinePlace): void {
    const at = this.#size++ * NUMBERS;
    if (at === this.#numbers.length) {
      const numbers = new Float64Array(2 * at);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    const numbers = this.#numbers;
    numbers[at] = start;
    numbers[at + 1] = count;
    numbers[at + 2] = Number.parseInt(checksum.slice(0, 8), 16);
    numbers[at + 3] = Number.parseInt(checksum.slice(8), 16);
    numbers[at + 4] = failures.length === 0 ? -1 : offset;
    numbers[at + 5] = length;
    numbers[at + 6] = committedAt ?? Number.NaN;
  }

  /**
   * The records, sorted by their first parameter, then as they were added.
   *
   * @param readAgain reads a record with failures.
   */
  *sorted(readAgain: (place: LinePlace) => CommitRecord | undefined): Generator<CommitRecord> {
    const numbers = this.#numbers;
    const order = new Uint32Array(this.#size);
    for (let index = 0; index < order.length; index++) order[index] = index;
    order.sort((a, b) => (numbers[a * NUMBERS] as number) - (numbers[b * NUMBERS] as number) || a - b);
    for (const index of order) {
      const record = recordAt(numbers, index * NUMBERS, readAgain);
      if (record !== undefined) yield record;
    }
  }
}

function recordAt(
  numbers: Float64Array,
  at: number,
  readAgain: (place: LinePlace) => CommitRecord | undefined,
): CommitRecord | undefined {
  const offset = numbers[at + 4] as number;
  if (offset !== -1) return readAgain({ offset, length: numbers[at + 5] as number });
  const checksum = hexadecimal(numbers[at + 2] as number) + hexadecimal(numbers[at + 3] as number);
  const [start, count, time] = [numbers[at] as number, numbers[at + 1] as number, numbers[at + 6] as number];
  const record = { start, count, checksum, failures: [] };
  return Number.isNaN(time) ? record : { ...record, committedAt: time };
}

function hexadecimal(half: number): string {
  return half.toString(16).padStart(8, "0");
}
