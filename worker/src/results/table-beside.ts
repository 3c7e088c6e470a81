import { describeError, PermanentError, SweepError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { REPORT_FILES, type ReportWriter, type ResultReader } from "../stores/store.ts";
import { containerMemoryMiB } from "../supervisor/memory-watch.ts";
import { piecesOf } from "./blocks.ts";
import { bytesOfRow, ParquetTable, rowsOfGroup } from "./parquet.ts";
import { openToVerify, type VerifiedResults, type VerifyOptions, verifyWhile } from "./verify.ts";

/** S3 takes 80 GB in the parts of a report. Its descriptions and the page headers need some of that. */
const MOST_BYTES = 64e9;
/** A table takes 35 MiB beside the proof. In a container that has just enough for the proof, the kernel would kill both. */
const LEAST_CONTAINER_MIB = 256;

/**
 * Verifies results as `verify` does, and writes `results.parquet` beside them while it reads them, in memory of a fixed size. Only the
 * receipt counts: an error of the table leaves no table, and the results are proved all the same.
 *
 * @param onNoTable called with the reason why there is no table.
 * @throws the errors of `verify`. There is no table then.
 */
export async function verifyWithTable(
  resultsUrl: string,
  options: VerifyOptions,
  onNoTable: (reason: string) => void,
): Promise<VerifiedResults> {
  const reader = await openToVerify(resultsUrl, options);
  const table = new TableBeside(reader, onNoTable);
  try {
    return await verifyWhile(reader, async (stretches) => {
      await table.open();
      for await (const piece of piecesOf(stretches, reader, rowsOfGroup(reader.identity, true))) {
        await table.try((parquet) => parquet.add(piece));
      }
      // The results are proved, and the receipt is there.
      await table.finish();
    });
  } finally {
    await table.abandon();
  }
}

/** A table that is given up at its first error. */
class TableBeside {
  readonly #reader: ResultReader;
  readonly #onNoTable: (reason: string) => void;
  #report: ReportWriter | undefined;
  #parquet: ParquetTable | undefined;

  constructor(reader: ResultReader, onNoTable: (reason: string) => void) {
    this.#reader = reader;
    this.#onNoTable = onNoTable;
  }

  async open(): Promise<void> {
    const { identity, url } = this.#reader;
    await this.#unlessWrong(async () => {
      const memoryMiB = containerMemoryMiB();
      if (memoryMiB !== undefined && memoryMiB < LEAST_CONTAINER_MIB) {
        const container = `a container of ${LEAST_CONTAINER_MIB} MiB, and this one has ${Math.floor(memoryMiB)}`;
        throw new PermanentError(`a table needs ${container}: sweep export ${url} writes a file elsewhere`);
      }
      if (identity.totalParameters * bytesOfRow(identity) > MOST_BYTES) {
        const gigabytes = formatCount(Math.ceil((identity.totalParameters * bytesOfRow(identity)) / 1e9));
        throw new PermanentError(
          `a table of ${gigabytes} GB is too large for one object: sweep export ${url} writes a file`,
        );
      }
      const report = await this.#reader.report(REPORT_FILES.table);
      this.#report = report;
      this.#parquet = await ParquetTable.toStream((bytes) => report.write(bytes), identity);
    });
  }

  async try(work: (parquet: ParquetTable) => Promise<void>): Promise<void> {
    const parquet = this.#parquet;
    if (parquet !== undefined) await this.#unlessWrong(() => work(parquet));
  }

  async finish(): Promise<void> {
    await this.try(async (parquet) => {
      await parquet.finish();
      await this.#report?.finish();
      this.#parquet = undefined;
      this.#report = undefined;
    });
  }

  /** Leaves nothing of an unfinished table behind. */
  async abandon(): Promise<void> {
    const report = this.#report;
    this.#parquet = undefined;
    this.#report = undefined;
    await report?.abandon().catch(() => {});
  }

  async #unlessWrong(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.abandon();
      this.#onNoTable(error instanceof SweepError ? error.message : describeError(error));
    }
  }
}
