import { TemporaryError } from "../contract/errors.ts";
import { countAre, countNoun, formatCount } from "../contract/format.ts";
import { countOf, endOf, type Range, subtract, union } from "../parameters/ranges.ts";
import type { Stretch } from "../stores/store.ts";

const SHOWN = 5;

/** Results lack parameters, or hold damaged ones. */
export class IncompleteError extends TemporaryError {}

/** Parameters that results lack: their number, and the first of their ranges. */
export class MissingParameters {
  /** The end of the last stretch. */
  #covered = 0;
  #count = 0;
  #damaged = 0;
  #ranges = 0;
  #end = -1;
  readonly #first: { start: number; count: number }[] = [];

  get count(): number {
    return this.#count;
  }

  /** Notes the parameters that are missing between the earlier stretches and this one, and the damaged ones in it. */
  addStretch(stretch: Stretch): void {
    this.#addUpTo(stretch.start);
    this.#covered = endOf(stretch);
    if (countOf(stretch.blocks) === stretch.count) return;
    for (const range of subtract([stretch], union(stretch.blocks))) {
      this.#add(range);
      // It was committed, but its values do not match the checksum.
      this.#damaged += range.count;
    }
  }

  /** Notes the parameters behind the last stretch. */
  end(totalParameters: number): void {
    this.#addUpTo(totalParameters);
  }

  #addUpTo(end: number): void {
    if (end > this.#covered) this.#add({ start: this.#covered, count: end - this.#covered });
  }

  #add(range: Range): void {
    const last = this.#first.at(-1);
    if (range.start !== this.#end) {
      this.#ranges++;
      if (this.#first.length < SHOWN) this.#first.push({ ...range });
    } else if (last !== undefined && endOf(last) === range.start) last.count += range.count;
    this.#end = endOf(range);
    this.#count += range.count;
  }

  /** `... is not complete: 12,000 parameters are missing (0-9,999, 20,000-21,999)`. */
  error(url: string): IncompleteError {
    const shown = this.#first.map((range) => `${formatCount(range.start)}-${formatCount(endOf(range) - 1)}`);
    const hidden = this.#ranges - shown.length;
    const more = hidden > 0 ? `, and ${countNoun(hidden, "more range")}` : "";
    const because =
      this.#damaged === 0
        ? ""
        : `, ${formatCount(this.#damaged)} of them because their values do not match their checksum`;
    return new IncompleteError(
      `${url} is not complete: ${countAre(this.#count, "parameter")} missing (${shown.join(", ")}${more})${because}. Start the run again: it computes only these`,
    );
  }
}
