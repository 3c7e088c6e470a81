import { createHash } from "node:crypto";
import { bytesOf } from "../stores/checksum.ts";
import { serializeFailures } from "../stores/file-store.ts";
import { type CommitRecord, type Failure, REPORT_FILES, type ResultReader, type Stretch } from "../stores/store.ts";
import { MissingParameters } from "./missing.ts";
import { PresentBits } from "./present-bits.ts";
import { LISTED, type Receipt } from "./receipt.ts";
import { Reports } from "./reports.ts";

/**
 * One pass over results, in order. Memory does not grow with the run: all that has no bound goes to the reports, which appear when
 * the results are proved.
 */
export class Verification {
  readonly #reader: ResultReader;
  readonly #reports: Reports;
  readonly #missing = new MissingParameters();
  readonly #ranges: Receipt["ranges"][number][] = [];
  readonly #failures: Failure[] = [];
  #blocks = 0;
  #failed = 0;
  #receipt: Receipt | undefined;

  constructor(reader: ResultReader) {
    this.#reader = reader;
    this.#reports = new Reports(reader);
  }

  /** Why the reports are not written, after {@link stretches} has ended; undefined if they are. */
  get unwritten(): string | undefined {
    return this.#reports.unwritten;
  }

  /** The receipt, after {@link stretches} has ended. */
  get receipt(): Receipt {
    if (this.#receipt === undefined) throw new Error("the results are not verified");
    return this.#receipt;
  }

  /**
   * Yields the results whose blocks match their checksums, while nothing is missing, and writes the receipt at the end. What was
   * yielded is proved only then.
   *
   * @throws TemporaryError that names the missing parameters.
   */
  async *stretches(): AsyncGenerator<Stretch> {
    const { identity, isIdentityChecked } = this.#reader;
    const { columns, totalParameters } = identity;
    const reports = this.#reports;
    try {
      const bits = new PresentBits(totalParameters, await reports.start(REPORT_FILES.present));
      const writeFailures = await reports.start(REPORT_FILES.failures);
      const hashes = columns.map(() => createHash("sha256"));
      for await (const stretch of this.#reader.stretches()) {
        this.#missing.addStretch(stretch);
        if (this.#missing.count > 0) continue;
        for (const [place, hash] of hashes.entries()) hash.update(bytesOf(stretch.columns[place] as Float64Array));
        for (const block of stretch.blocks) {
          this.#count(block);
          if (block.failures.length === 0) continue;
          await bits.add(block.failures);
          await writeFailures(serializeFailures(block.failures));
        }
        yield stretch;
      }
      this.#missing.end(totalParameters);
      if (this.#missing.count > 0) throw this.#missing.error(this.#reader.url);
      await this.#reader.checkSize();
      const digests = hashes.map((hash) => hash.digest("hex"));
      const receipt: Receipt = {
        format: identity.format,
        evaluation: identity.evaluation,
        evaluationSha256: identity.evaluationSha256,
        seed: identity.seed,
        totalParameters,
        batchSize: identity.batchSize,
        ...(isIdentityChecked ? {} : { isIdentityUnchecked: true }),
        present: totalParameters - this.#failed,
        failed: this.#failed,
        columns: Object.fromEntries(columns.map((name, place) => [name, { sha256: digests[place] as string }])),
        presentBitsSha256: await bits.finish(),
        blocks: this.#blocks,
        ranges: this.#ranges,
        failures: this.#failures,
      };
      const writeReceipt = await reports.start(REPORT_FILES.receipt);
      await writeReceipt(`${JSON.stringify(receipt, undefined, 1)}\n`);
      await reports.finish();
      this.#receipt = receipt;
    } finally {
      // None is left after a proof. A reader of the stretches that stops early has proved nothing.
      await reports.abandon();
    }
  }

  #count({ start, count, checksum, failures }: CommitRecord): void {
    this.#blocks++;
    this.#failed += failures.length;
    if (this.#ranges.length < LISTED.ranges) this.#ranges.push({ start, count, checksum, failed: failures.length });
    this.#failures.push(...failures.slice(0, LISTED.failures - this.#failures.length));
  }
}
