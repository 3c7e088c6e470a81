import { createWriteStream, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { explainFileError, PermanentError } from "../contract/errors.ts";
import { describeProblem, oneOf, show } from "../contract/problems.ts";
import type { ResultBlock } from "../evaluation/module.ts";
import type { ResultReader } from "../stores/store.ts";
import { resultBlocks } from "./blocks.ts";
import { type VerifiedResults, type VerifyOptions, verify } from "./verify.ts";

/** The formats of a table. */
export const EXPORT_FORMATS = ["parquet", "csv", "jsonl"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Which table is written, and where. */
export interface ExportOptions extends VerifyOptions {
  /** @default "parquet" */
  readonly format?: ExportFormat | undefined;
  /** A path, where the file appears when it is complete, or an open stream (not for Parquet), which is not closed. */
  readonly output: string | Writable;
}

/**
 * Verifies the results of a run and writes them as one table: the column `parameter`, and a column for each result, without a
 * value where the parameter failed.
 *
 * @param resultsUrl `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws TemporaryError if the results are incomplete.
 * @throws PermanentError if there are none, or the format cannot be written to the output.
 */
export async function exportResults(resultsUrl: string, options: ExportOptions): Promise<VerifiedResults> {
  const { format = "parquet", output } = options;
  checkFormat(format, output);
  const verified = await verify(resultsUrl, options);
  const { reader, failures } = verified;
  const failed = new Set(failures.map((failure) => failure.parameter));
  if (typeof output === "string") await exportToFile(reader, failed, format, output);
  else await pipeline([...(await textOf(reader, failed, format)), output], { end: false });
  return verified;
}

function checkFormat(format: ExportFormat, output: string | Writable): void {
  if (!EXPORT_FORMATS.includes(format)) {
    const problem = { path: ["format"], allowed: oneOf(EXPORT_FORMATS), got: show(format), fix: "choose one of these" };
    throw new PermanentError(describeProblem(problem));
  }
  if (format === "parquet" && typeof output !== "string") {
    const fix = "name a file, because Parquet is written back and forth, or choose csv or jsonl";
    throw new PermanentError(
      describeProblem({ path: ["output"], allowed: "a file for Parquet", got: "a stream", fix }),
    );
  }
}

async function exportToFile(
  reader: ResultReader,
  failed: ReadonlySet<number>,
  format: ExportFormat,
  output: string,
): Promise<void> {
  const aside = `${output}.${process.pid}`;
  try {
    if (format === "parquet") await writeParquet(reader, failed, aside);
    else await pipeline([...(await textOf(reader, failed, format)), createWriteStream(aside)]);
    await rename(aside, output);
  } catch (error) {
    rmSync(aside, { force: true });
    throw explainFileError(error, output);
  }
}

/** The first streams of a pipeline: they produce the table as text. */
async function textOf(
  reader: ResultReader,
  failed: ReadonlySet<number>,
  format: ExportFormat,
): Promise<(NodeJS.ReadableStream | NodeJS.ReadWriteStream)[]> {
  if (format === "jsonl") return [Readable.from(jsonLines(reader, failed), { objectMode: false })];
  const { stringify } = await import("csv-stringify");
  return [
    Readable.from(rows(reader, failed)),
    stringify({ header: true, columns: ["parameter", ...reader.identity.columns] }),
  ];
}

async function* rows(reader: ResultReader, failed: ReadonlySet<number>): AsyncGenerator<(number | null)[]> {
  for await (const block of resultBlocks(reader)) {
    const columns = Object.values(block.columns);
    for (let index = 0; index < block.count; index++) {
      const parameter = block.start + index;
      const isMissing = failed.has(parameter);
      yield [parameter, ...columns.map((values) => (isMissing ? null : (values[index] as number)))];
    }
  }
}

/** JSON has no NaN and no infinity, so they become the strings "NaN", "Infinity" and "-Infinity"; null is a failed parameter. */
async function* jsonLines(reader: ResultReader, failed: ReadonlySet<number>): AsyncGenerator<string> {
  for await (const block of resultBlocks(reader)) {
    const columns = Object.entries(block.columns);
    const lines: string[] = [];
    for (let index = 0; index < block.count; index++) {
      const parameter = block.start + index;
      const isMissing = failed.has(parameter);
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

async function writeParquet(reader: ResultReader, failed: ReadonlySet<number>, path: string): Promise<void> {
  const { fileWriter, ParquetWriter } = await import("hyparquet-writer");
  const { columns } = reader.identity;
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    // Delta encoding makes the parameters nearly free. Computed values rarely compress, and Snappy takes seven times as long as the write.
    codec: "UNCOMPRESSED",
    schema: [
      { name: "root", num_children: columns.length + 1 },
      { name: "parameter", type: "INT64", repetition_type: "REQUIRED" },
      ...columns.map((name) => ({ name, type: "DOUBLE" as const, repetition_type: "OPTIONAL" as const })),
    ],
  });
  for await (const block of resultBlocks(reader)) {
    const parameters = BigInt64Array.from({ length: block.count }, (_, index) => BigInt(block.start + index));
    await writer.write({
      columnData: [
        { name: "parameter", data: parameters, encoding: "DELTA_BINARY_PACKED" },
        ...columns.map((name) => ({ name, data: withNulls(block, name, failed), encoding: "PLAIN" as const })),
      ],
      rowGroupSize: block.count,
    });
  }
  await writer.finish();
}

function withNulls(block: ResultBlock, column: string, failed: ReadonlySet<number>): Float64Array | (number | null)[] {
  const values = block.columns[column] as Float64Array;
  if (failed.size === 0) return values;
  return Array.from(values, (value, index) => (failed.has(block.start + index) ? null : value));
}
