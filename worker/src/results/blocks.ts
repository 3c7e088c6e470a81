import type { ResultBlock } from "../evaluation/module.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { ResultReader } from "../stores/store.ts";

const PARAMETERS_AT_ONCE = 65_536;

/**
 * Reads all results of a verified run in order, in pieces that fit in any memory.
 *
 * ```ts
 * const { reader } = await verify("file:./results");
 * for await (const { start, columns } of resultBlocks(reader)) console.log(start, columns.value);
 * ```
 */
export async function* resultBlocks(reader: ResultReader): AsyncGenerator<ResultBlock> {
  const { columns: names, totalParameters } = reader.identity;
  const files = ColumnFiles.openToRead(reader.columnPaths);
  try {
    for (let start = 0; start < totalParameters; start += PARAMETERS_AT_ONCE) {
      const count = Math.min(PARAMETERS_AT_ONCE, totalParameters - start);
      const values = files.read(start, count);
      yield {
        start,
        count,
        columns: Object.fromEntries(names.map((name, place) => [name, values[place] as Float64Array])),
      };
    }
  } finally {
    files.close();
  }
}
