import { describeError } from "../contract/errors.ts";
import type { EvaluationModule } from "../evaluation/module.ts";
import type { ResultReader } from "../stores/store.ts";
import { resultBlocks } from "./blocks.ts";
import { callSummarize } from "./call-summarize.ts";

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 15 });

/** The result of the module's own `summarize`, or the least, the greatest and the sum of each column. */
export async function summarize(reader: ResultReader, summarizeModule: EvaluationModule["summarize"]): Promise<string> {
  if (summarizeModule === undefined) return describeColumns(reader);
  try {
    return await callSummarize(summarizeModule, resultBlocks(reader));
  } catch (error) {
    return `the evaluation's summarize failed: ${describeError(error)}\n${await describeColumns(reader)}`;
  }
}

async function describeColumns(reader: ResultReader): Promise<string> {
  const statistics = new Map(reader.identity.columns.map((name) => [name, new ColumnStatistics()]));
  for await (const block of resultBlocks(reader)) {
    for (const [name, values] of Object.entries(block.columns)) statistics.get(name)?.add(block.start, values);
  }
  return [...statistics].map(([name, column]) => `${name}: ${column}`).join("\n");
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
