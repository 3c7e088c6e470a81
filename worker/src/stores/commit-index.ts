import type { CommitRecord } from "./store.ts";

/** The place of a record's line in the log, in bytes. */
export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/** The numbers of a record: start, count, both halves of the checksum, and the place of its line, or -1 if it has no failures. */
const NUMBERS = 6;

/**
 * Many commit records in little memory, to be sorted: 52 bytes for each, so that a million take 52 MB. A record with failures may
 * be long, so that it is read again when it is its turn.
 */
export class CommitIndex {
  #numbers = new Float64Array(1024 * NUMBERS);
  #size = 0;

  add({ start, count, checksum, failures }: CommitRecord, { offset, length }: LinePlace): void {
    const at = this.#size++ * NUMBERS;
    if (at === this.#numbers.length) {
      const numbers = new Float64Array(2 * at);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    const [high, low] = [checksum.slice(0, 8), checksum.slice(8)].map((half) => Number.parseInt(half, 16));
    this.#numbers.set([start, count, high as number, low as number, failures.length === 0 ? -1 : offset, length], at);
  }

  /**
   * The records, sorted by their first parameter, then as they were added.
   *
   * @param readAgain reads a record with failures.
   */
  *sorted(readAgain: (place: LinePlace) => CommitRecord | undefined): Generator<CommitRecord> {
    const numbers = this.#numbers;
    const order = Uint32Array.from({ length: this.#size }, (_, index) => index);
    order.sort((a, b) => (numbers[a * NUMBERS] as number) - (numbers[b * NUMBERS] as number) || a - b);
    for (const index of order) {
      const at = index * NUMBERS;
      const [start, count, high, low, offset, length] = numbers.subarray(at, at + NUMBERS) as unknown as Numbers;
      const record =
        offset === -1
          ? { start, count, checksum: hexadecimal(high) + hexadecimal(low), failures: [] }
          : readAgain({ offset, length });
      if (record !== undefined) yield record;
    }
  }
}

type Numbers = [number, number, number, number, number, number];

function hexadecimal(half: number): string {
  return half.toString(16).padStart(8, "0");
}
