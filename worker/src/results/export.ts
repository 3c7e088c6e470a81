import { createWriteStream } from "node:fs";
import { extname } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { oneOf, type Problem, show, throwIfWrong } from "../contract/problems.ts";
import type { ResultReader, Stretch } from "../stores/store.ts";
import { piecesOf, type ResultPiece } from "./blocks.ts";
import { problemsOfOutput, writeWhole } from "./output-file.ts";
import { ParquetTable, rowsOfGroup } from "./parquet.ts";
import { openToVerify, type VerifiedResults, type VerifyOptions, verifyOpened, verifyWhile } from "./verify.ts";

/** The formats of a table. */
export const EXPORT_FORMATS = ["parquet", "csv", "jsonl"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Which table is written, and where. */
export interface ExportOptions extends VerifyOptions {
  /** @default - that of the file's name (`out.csv`) */
  readonly format?: ExportFormat | undefined;
  /**
   * A path, where the file appears when it is complete, or an open stream (not for Parquet), which is not closed. Results are read
   * twice for a stream, unless an earlier receipt proves them: nothing is written to it before they are proved.
   */
  readonly output: string | Writable;
  /**
   * Whether a file of that name is replaced.
   *
   * @default true
   */
  readonly overwrite?: boolean | undefined;
}

/** The results of a table that was written. */
export interface ExportedResults extends VerifiedResults {
  /** Bytes of the file that the table has replaced; undefined if there was none. */
  readonly replacedBytes?: number | undefined;
}

/**
 * Verifies the results of a run and writes them as one table: the column `parameter`, and a column for each result, without a
 * value where the parameter failed.
 *
 * @param resultsUrl `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws TemporaryError if the results are incomplete.
 * @throws PermanentError if there are none, the format cannot be written to the output, or the output is there already. Nothing is read then.
 */
export async function exportResults(resultsUrl: string, options: ExportOptions): Promise<ExportedResults> {
  const { output } = options;
  throwIfWrong(problemsOfExport(options));
  const format = options.format ?? (formatOfName(output) as ExportFormat);
  const reader = await openToVerify(resultsUrl, options);
  if (typeof output === "string") return exportToFile(reader, format, output);
  // A stream cannot be taken back, so the results are proved before.
  const verified = await verifyOpened(reader, options);
  await pipeline([...(await textOf(reader.stretches(), reader, format)), output], { end: false });
  return verified;
}

/** The ends of names that tell a format. */
const FORMAT_OF_EXTENSION: Readonly<Record<string, ExportFormat>> = {
  ".parquet": "parquet",
  ".csv": "csv",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
};

function formatOfName(output: string | Writable): ExportFormat | undefined {
  return typeof output === "string" ? FORMAT_OF_EXTENSION[extname(output).toLowerCase()] : undefined;
}

/**
 * Everything that is wrong with the format and the output of a table, found before results are read.
 *
 * @param prefix of the names of options in errors.
 */
export function problemsOfExport(
  { format, output, overwrite = true }: Pick<ExportOptions, "format" | "output" | "overwrite">,
  prefix = "",
): Problem[] {
  const path = [`${prefix}format`];
  const got = show(format);
  if (format !== undefined && !EXPORT_FORMATS.includes(format)) {
    return [{ path, allowed: oneOf(EXPORT_FORMATS), got, fix: "choose one of these" }];
  }
  if (typeof output !== "string") {
    if (format === "csv" || format === "jsonl") return [];
    const fix = "choose one of these, or name a file, because Parquet is written back and forth";
    return [{ path, allowed: "csv or jsonl for a stream", got, fix }];
  }
  const named = formatOfName(output);
  if (format === undefined && named === undefined) {
    const fix = `choose one of these, because the name ${show(output)} does not tell`;
    return [{ path, allowed: oneOf(EXPORT_FORMATS), got, fix }];
  }
  if (format !== undefined && named !== undefined && format !== named) {
    const fix = "leave the format out, or give the file another name";
    return [{ path, allowed: `${named} for ${show(output)}`, got, fix }];
  }
  return problemsOfOutput(`${prefix}output`, output, () => overwrite);
}

/** Writes the table while its results are verified, and gives it its name when they are proved. */
async function exportToFile(reader: ResultReader, format: ExportFormat, output: string): Promise<ExportedResults> {
  const { written, replacedBytes } = await writeWhole(output, (aside) =>
    verifyWhile(reader, (stretches) => writeTable(stretches, reader, format, aside)),
  );
  return { ...written, replacedBytes };
}

async function writeTable(
  stretches: AsyncIterable<Stretch>,
  reader: ResultReader,
  format: ExportFormat,
  path: string,
): Promise<void> {
  if (format === "parquet") await writeParquet(stretches, reader, path);
  else await pipeline([...(await textOf(stretches, reader, format)), createWriteStream(path)]);
}

/** The first streams of a pipeline: they produce the table as text. */
async function textOf(
  stretches: AsyncIterable<Stretch>,
  reader: ResultReader,
  format: ExportFormat,
): Promise<(NodeJS.ReadableStream | NodeJS.ReadWriteStream)[]> {
  const pieces = piecesOf(stretches, reader);
  if (format === "jsonl") return [Readable.from(jsonLines(pieces), { objectMode: false })];
  const { stringify } = await import("csv-stringify");
  return [Readable.from(rows(pieces)), stringify({ header: true, columns: ["parameter", ...reader.identity.columns] })];
}

async function* rows(pieces: AsyncIterable<ResultPiece>): AsyncGenerator<(number | null)[]> {
  for await (const { start, count, columns, failed } of pieces) {
    const values = Object.values(columns);
    for (let index = 0; index < count; index++) {
      const isMissing = failed.has(start + index);
      yield [start + index, ...values.map((column) => (isMissing ? null : (column[index] as number)))];
    }
  }
}

/** JSON has no NaN and no infinity, so they become the strings "NaN", "Infinity" and "-Infinity"; null is a failed parameter. */
async function* jsonLines(pieces: AsyncIterable<ResultPiece>): AsyncGenerator<string> {
  for await (const piece of pieces) {
    const columns = Object.entries(piece.columns);
    const lines: string[] = [];
    for (let index = 0; index < piece.count; index++) {
      const parameter = piece.start + index;
      const isMissing = piece.failed.has(parameter);
      const row: Record<string, number | string | null> = { parameter };
      for (const [name, values] of columns) {
        const value = values[index] as number;
        row[name] = isMissing ? null : Number.isFinite(value) ? value : String(value);
      }
      lines.push(`${JSON.stringify(row)}\n`);
    }
    yield lines.join("");
  }
}

async function writeParquet(stretches: AsyncIterable<Stretch>, reader: ResultReader, path: string): Promise<void> {
  const table = await ParquetTable.toFile(path, reader.identity);
  for await (const piece of piecesOf(stretches, reader, rowsOfGroup(reader.identity, false))) await table.add(piece);
  await table.finish();
}
