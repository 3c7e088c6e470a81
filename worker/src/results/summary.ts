import { describeError } from "../contract/errors.ts";
import type { EvaluationModule } from "../evaluation/module.ts";
import type { ResultReader, Stretch } from "../stores/store.ts";
import { resultBlocks } from "./blocks.ts";
import { callSummarize } from "./call-summarize.ts";

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 15 });

/**
 * The result of the module's own `summarize`, which reads the results once more, or the least, the greatest and the sum of each
 * column.
 */
export async function summarize(
  reader: ResultReader,
  statistics: ResultStatistics,
  summarizeModule: EvaluationModule["summarize"],
): Promise<string> {
  if (summarizeModule === undefined) return statistics.toString();
  try {
    return await callSummarize(summarizeModule, resultBlocks(reader));
  } catch (error) {
    return `the evaluation's summarize failed: ${describeError(error)}\n${statistics}`;
  }
}

/** The least, the greatest and the sum of each column. */
export class ResultStatistics {
  readonly #columns: readonly (readonly [name: string, statistics: ColumnStatistics])[];

  constructor(names: readonly string[]) {
    this.#columns = names.map((name) => [name, new ColumnStatistics()]);
  }

  add({ start, columns }: Stretch): void {
    for (const [place, [, statistics]] of this.#columns.entries())
      statistics.add(start, columns[place] as Float64Array);
  }

  toString(): string {
    return this.#columns.map(([name, statistics]) => `${name}: ${statistics}`).join("\n");
  }
}

class ColumnStatistics {
  #least = Number.POSITIVE_INFINITY;
  #leastAt = -1;
  #greatest = Number.NEGATIVE_INFINITY;
  #greatestAt = -1;
  #sum = 0;

  add(start: number, values: Float64Array): void {
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      // Skip NaN: it would make the sum NaN, and it compares with nothing.
      if (Number.isNaN(value)) continue;
      this.#sum += value;
      if (value < this.#least) [this.#least, this.#leastAt] = [value, start + index];
      if (value > this.#greatest) [this.#greatest, this.#greatestAt] = [value, start + index];
    }
  }

  toString(): string {
    if (this.#leastAt === -1) return "no values";
    const place = (value: number, at: number) => `${number.format(value)} (parameter ${number.format(at)})`;
    return `least ${place(this.#least, this.#leastAt)}, greatest ${place(this.#greatest, this.#greatestAt)}, sum ${number.format(this.#sum)}`;
  }
}
