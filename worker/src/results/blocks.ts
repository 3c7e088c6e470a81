import type { ResultBlock } from "../evaluation/module.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { ResultReader } from "../stores/store.ts";

const BLOCK = 65_536;

/** All results of a verified run in order, in pieces that fit in any memory. */
export async function* resultBlocks(reader: ResultReader): AsyncGenerator<ResultBlock> {
  const { columns: names, totalParameters } = reader.identity;
  const files = ColumnFiles.openToRead(reader.columnPaths);
  try {
    for (let start = 0; start < totalParameters; start += BLOCK) {
      const count = Math.min(BLOCK, totalParameters - start);
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
