import { createHash } from "node:crypto";
import { endOf, subtract, union } from "../parameters/ranges.ts";
import { bytesOf } from "../stores/checksum.ts";
import { serializeFailures } from "../stores/file-store.ts";
import {
  type CommitRecord,
  type Failure,
  REPORT_FILES,
  type ReportWriter,
  type ResultReader,
  type Stretch,
} from "../stores/store.ts";
import { MissingParameters } from "./missing.ts";
import { PresentBits } from "./present-bits.ts";
import { LISTED, type Receipt } from "./receipt.ts";

/**
 * One pass over results, in order. Memory does not grow with the run: all that has no bound goes to the reports, which appear when
 * the results are proved.
 */
export class Verification {
  readonly #reader: ResultReader;
  readonly #missing = new MissingParameters();
  readonly #ranges: Receipt["ranges"][number][] = [];
  readonly #failures: Failure[] = [];
  #blocks = 0;
  #failed = 0;
  #receipt: Receipt | undefined;

  constructor(reader: ResultReader) {
    this.#reader = reader;
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
    const reports: ReportWriter[] = [];
    const startReport = async (name: string) => {
      const report = await this.#reader.report(name);
      reports.push(report);
      return report;
    };
    try {
      const bitsReport = await startReport(REPORT_FILES.present);
      const failuresReport = await startReport(REPORT_FILES.failures);
      const bits = new PresentBits(totalParameters, (bytes) => bitsReport.write(bytes));
      const hashes = columns.map(() => createHash("sha256"));
      let covered = 0;
      for await (const stretch of this.#reader.stretches()) {
        const intact = this.#intactBlocks(stretch, covered);
        covered = endOf(stretch);
        if (this.#missing.count > 0) continue;
        for (const [place, hash] of hashes.entries()) hash.update(bytesOf(stretch.columns[place] as Float64Array));
        const failures = failuresOf(intact);
        await bits.add(failures);
        if (failures.length > 0) await failuresReport.write(serializeFailures(failures));
        this.#count(intact, failures);
        yield stretch;
      }
      if (covered < totalParameters) this.#missing.add({ start: covered, count: totalParameters - covered }, false);
      if (this.#missing.count > 0) throw this.#missing.error(this.#reader.url);
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
      const receiptReport = await startReport(REPORT_FILES.receipt);
      await receiptReport.write(`${JSON.stringify(receipt, undefined, 1)}\n`);
      while (reports.length > 0) {
        await reports[0]?.finish();
        reports.shift();
      }
      this.#receipt = receipt;
    } finally {
      // None is left after a proof. A reader of the stretches that stops early has proved nothing.
      for (const report of reports) await report.abandon();
    }
  }

  /** The blocks of a stretch whose values match. Notes the parameters that are missing before it and in it. */
  #intactBlocks(stretch: Stretch, covered: number): readonly CommitRecord[] {
    if (stretch.start > covered) {
      this.#missing.add({ start: covered, count: stretch.start - covered }, false);
    }
    const intact = stretch.blocks.filter(({ isIntact }) => isIntact);
    if (intact.length === stretch.blocks.length) return intact;
    for (const range of subtract([stretch], union(intact))) this.#missing.add(range, true);
    return intact;
  }

  #count(blocks: readonly CommitRecord[], failures: readonly Failure[]): void {
    for (const { start, count, checksum, failures: failed } of withoutOverlaps(blocks)) {
      this.#blocks++;
      if (this.#ranges.length < LISTED.ranges) this.#ranges.push({ start, count, checksum, failed: failed.length });
    }
    this.#failed += failures.length;
    this.#failures.push(...failures.slice(0, LISTED.failures - this.#failures.length));
  }
}

/** Each failed parameter once, sorted. */
function failuresOf(blocks: readonly CommitRecord[]): Failure[] {
  const byParameter = new Map<number, Failure>();
  for (const block of blocks) for (const failure of block.failures) byParameter.set(failure.parameter, failure);
  return [...byParameter.values()].sort((a, b) => a.parameter - b.parameter);
}

/** The fewest of some sorted blocks that still cover everything: a block that was committed twice appears once. */
function withoutOverlaps(blocks: readonly CommitRecord[]): CommitRecord[] {
  const chosen: CommitRecord[] = [];
  let covered = blocks[0]?.start ?? 0;
  for (let index = 0; index < blocks.length; ) {
    let best: CommitRecord | undefined;
    for (; index < blocks.length && (blocks[index] as CommitRecord).start <= covered; index++) {
      const block = blocks[index] as CommitRecord;
      if (best === undefined || endOf(block) > endOf(best)) best = block;
    }
    if (best === undefined || endOf(best) <= covered) break;
    chosen.push(best);
    covered = endOf(best);
  }
  return chosen;
}
