import type { ByteWriter as Bytes, ParquetWriter, Writer } from "hyparquet-writer";
import type { RunIdentity } from "../contract/identity.ts";
import { PARAMETERS_AT_ONCE, type ResultPiece } from "./blocks.ts";

/** Most row groups of a Parquet file, about. */
const ROW_GROUPS = 10_000;
/** The writer keeps a whole row group in memory, and about four copies of it while it encodes. */
const MOST_BYTES_OF_GROUP = 8 * 2 ** 20;

/** Bytes of a row: its parameter and its values. */
export function bytesOfRow({ columns }: Pick<RunIdentity, "columns">): number {
  return Float64Array.BYTES_PER_ELEMENT * (columns.length + 1);
}

/**
 * Rows of a row group. The writer keeps a description of each group until the end, so that a longer table has larger groups.
 *
 * @param isBounded whether memory does not grow with the table beyond 40 MiB. Its descriptions are short beside that.
 */
export function rowsOfGroup(identity: Pick<RunIdentity, "columns" | "totalParameters">, isBounded: boolean): number {
  const pieces = Math.ceil(identity.totalParameters / ROW_GROUPS / PARAMETERS_AT_ONCE);
  const rows = Math.max(1, pieces) * PARAMETERS_AT_ONCE;
  return isBounded ? Math.min(rows, Math.floor(MOST_BYTES_OF_GROUP / bytesOfRow(identity))) : rows;
}

/** A table of results in Parquet: the column `parameter`, and a column for each result, without a value where the parameter failed. */
export class ParquetTable {
  readonly #writer: ParquetWriter;
  readonly #columns: readonly string[];

  private constructor(writer: ParquetWriter, columns: readonly string[]) {
    this.#writer = writer;
    this.#columns = columns;
  }

  /** @param path of a file, which is replaced. */
  static async toFile(path: string, identity: RunIdentity): Promise<ParquetTable> {
    const { fileWriter } = await import("hyparquet-writer");
    return ParquetTable.#open(fileWriter(path), identity);
  }

  /** @param send takes the next bytes, which nobody changes afterwards. */
  static async toStream(send: (bytes: Uint8Array) => Promise<void>, identity: RunIdentity): Promise<ParquetTable> {
    const { ByteWriter } = await import("hyparquet-writer");
    const bytes: Bytes & Pick<Writer, "flush"> = new ByteWriter();
    // The table calls it behind each row group, and waits.
    bytes.flush = () => {
      const ready = bytes.getBytes().slice();
      bytes.index = 0;
      return send(ready);
    };
    const finish: Writer["finish"] = () => bytes.flush?.();
    return ParquetTable.#open(Object.assign(bytes, { finish }), identity);
  }

  static async #open(writer: Writer, { columns }: RunIdentity): Promise<ParquetTable> {
    const { ParquetWriter } = await import("hyparquet-writer");
    const table = new ParquetWriter({
      writer,
      // Delta encoding makes the parameters nearly free. Computed values rarely compress, and Snappy takes seven times as long as the write.
      codec: "UNCOMPRESSED",
      schema: [
        { name: "root", num_children: columns.length + 1 },
        { name: "parameter", type: "INT64", repetition_type: "REQUIRED" },
        ...columns.map((name) => ({ name, type: "DOUBLE" as const, repetition_type: "OPTIONAL" as const })),
      ],
    });
    return new ParquetTable(table, columns);
  }

  /** Writes a row group. */
  async add(piece: ResultPiece): Promise<void> {
    const parameters = BigInt64Array.from({ length: piece.count }, (_, index) => BigInt(piece.start + index));
    await this.#writer.write({
      columnData: [
        { name: "parameter", data: parameters, encoding: "DELTA_BINARY_PACKED" },
        ...this.#columns.map((name) => ({ name, data: withNulls(piece, name), encoding: "PLAIN" as const })),
      ],
      rowGroupSize: piece.count,
    });
  }

  async finish(): Promise<void> {
    await this.#writer.finish();
  }
}

function withNulls({ start, columns, failed }: ResultPiece, column: string): Float64Array | (number | null)[] {
  const values = columns[column] as Float64Array;
  if (failed.size === 0) return values;
  return Array.from(values, (value, index) => (failed.has(start + index) ? null : value));
}
