import type { ResultBlock } from "../evaluation/module.ts";
import type { ResultReader, Stretch } from "../stores/store.ts";
import { MissingParameters } from "./missing.ts";

/** Results of consecutive parameters, with the failed ones among them. */
export interface ResultPiece extends ResultBlock {
  /** The parameters without a result. */
  readonly failed: ReadonlySet<number>;
}

export const PARAMETERS_AT_ONCE = 65_536;

/**
 * Reads all results of a verified run in order, in pieces that fit in any memory. From a bucket they are fetched again.
 *
 * ```ts
 * const { reader } = await verify("file:./results");
 * for await (const { start, columns } of resultBlocks(reader)) console.log(start, columns.value);
 * ```
 *
 * @throws TemporaryError that lists the missing parameters, after the results before them.
 */
export async function* resultBlocks(reader: ResultReader): AsyncGenerator<ResultBlock> {
  for await (const { start, count, columns } of piecesOf(reader.stretches(), reader)) yield { start, count, columns };
}

/**
 * Cuts stretches into pieces of equal size, so that a table does not depend on the blocks.
 *
 * @throws TemporaryError that lists the missing parameters: results may have changed since they were verified.
 */
export async function* piecesOf(
  stretches: AsyncIterable<Stretch>,
  { url, identity: { columns: names, totalParameters } }: ResultReader,
  size = PARAMETERS_AT_ONCE,
): AsyncGenerator<ResultPiece> {
  const startPiece = (start: number) => {
    const count = Math.min(size, totalParameters - start);
    return { start, count, columns: names.map(() => new Float64Array(count)), failed: new Set<number>() };
  };
  let piece = startPiece(0);
  const missing = new MissingParameters();
  for await (const stretch of stretches) {
    missing.addStretch(stretch);
    if (missing.count > 0) continue;
    const { start, count, columns, blocks } = stretch;
    const failures = blocks.flatMap((block) => block.failures.map(({ parameter }) => parameter));
    let nextFailure = 0;
    for (let from = start; from < start + count; ) {
      const to = Math.min(start + count, piece.start + piece.count);
      for (const [place, values] of columns.entries()) {
        piece.columns[place]?.set(values.subarray(from - start, to - start), from - piece.start);
      }
      for (; (failures[nextFailure] ?? to) < to; nextFailure++) piece.failed.add(failures[nextFailure] as number);
      from = to;
      if (to < piece.start + piece.count) continue;
      yield {
        ...piece,
        columns: Object.fromEntries(names.map((name, place) => [name, piece.columns[place] as Float64Array])),
      };
      piece = startPiece(to);
    }
  }
  missing.end(totalParameters);
  if (missing.count > 0) throw missing.error(url);
}
