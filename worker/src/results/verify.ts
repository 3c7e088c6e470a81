import { createHash } from "node:crypto";
import { TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { countOf, endOf, type Range, subtract, union } from "../parameters/ranges.ts";
import { FAILURES_FILE, serializeFailures } from "../stores/file-store.ts";
import { openStore, type StoreOptions } from "../stores/open.ts";
import type { CommitRecord, Failure, ResultReader } from "../stores/store.ts";
import { readColumns } from "./read-columns.ts";
import { writeReports } from "./reports.ts";
import { wrongSize } from "./sizes.ts";

const PRESENT_FILE = "present.bits";

/** Proof that a run is complete, written as `receipt.json` beside its results. */
export interface Receipt {
  readonly format: string;
  readonly evaluation: string;
  readonly evaluationSha256: string;
  readonly seed: number;
  readonly totalParameters: number;
  readonly batchSize: number;
  /** Present if nothing proves the identity above: the `run.json` of earlier versions has no checksum. */
  readonly isIdentityUnchecked?: true;
  /** Parameters with a result. */
  readonly present: number;
  /** Parameters that were evaluated and have none. */
  readonly failed: number;
  /** By column, the digest of its file, which holds little-endian float64 values. */
  readonly columns: Readonly<Record<string, { readonly sha256: string }>>;
  /** The digest of `present.bits`: bit `i % 8` of byte `i / 8`, lowest first, is 1 where parameter `i` has a result. */
  readonly presentBitsSha256: string;
  /** The committed blocks, sorted: together exactly the parameters of the run. */
  readonly ranges: readonly (Range & { readonly checksum: string; readonly failed: number })[];
}

/** Results that are complete and undamaged. */
export interface VerifiedResults {
  readonly receipt: Receipt;
  /** The parameters without a result, sorted. */
  readonly failures: readonly Failure[];
  /** The results, for {@link resultBlocks}. */
  readonly reader: ResultReader;
  /** Why the receipt and the other reports are not beside the results, which may only be read; undefined if they are. */
  readonly unwritten: string | undefined;
}

/** How results are fetched to be verified. */
export interface VerifyOptions extends StoreOptions {
  /**
   * The directory that keeps the files downloaded from a bucket.
   *
   * @default a temporary directory, removed when this process exits
   */
  readonly downloadDirectory?: string | undefined;
}

/**
 * Proves that the results of a run hold every parameter exactly once, with matching checksums, and writes `receipt.json`,
 * `present.bits` and `failures.jsonl` beside them, unless they may only be read.
 *
 * @param resultsUrl `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws TemporaryError that lists the missing parameters. The run gets no receipt; started again, it computes only these.
 * @throws PermanentError if there are no results, or somebody changed the identity or the evaluation of the run.
 */
export async function verify(resultsUrl: string, options: VerifyOptions = {}): Promise<VerifiedResults> {
  const store = await openStore(resultsUrl, options);
  const reader = await store.read(options.downloadDirectory);
  const { identity, isIdentityChecked } = reader;
  // The receipt signs the evaluation too: this compares it with the identity.
  await reader.evaluationBundle();
  const records = (await reader.records()).sort((a, b) => a.start - b.start || b.count - a.count);
  const size = identity.totalParameters * Float64Array.BYTES_PER_ELEMENT;
  const { intact, digests } = await readColumns(reader.columnPaths, size, records);
  const everything = { start: 0, count: identity.totalParameters };
  const missing = subtract([everything], union(intact));
  if (missing.length > 0) throw incomplete(reader.url, missing, subtract(union(records), union(intact)));
  if (digests === undefined) throw await wrongSize(reader, size);
  const failures = failuresOf(intact);
  const bits = presentBits(identity.totalParameters, failures);
  const receipt: Receipt = {
    format: identity.format,
    evaluation: identity.evaluation,
    evaluationSha256: identity.evaluationSha256,
    seed: identity.seed,
    totalParameters: identity.totalParameters,
    batchSize: identity.batchSize,
    ...(isIdentityChecked ? {} : { isIdentityUnchecked: true }),
    present: identity.totalParameters - failures.length,
    failed: failures.length,
    columns: Object.fromEntries(identity.columns.map((name, index) => [name, { sha256: digests[index] as string }])),
    presentBitsSha256: createHash("sha256").update(bits).digest("hex"),
    ranges: withoutOverlaps(intact).map(({ start, count, checksum, failures: failed }) => ({
      start,
      count,
      checksum,
      failed: failed.length,
    })),
  };
  const unwritten = await writeReports(reader, {
    [PRESENT_FILE]: bits,
    [FAILURES_FILE]: serializeFailures(failures),
    "receipt.json": `${JSON.stringify(receipt, undefined, 1)}\n`,
  });
  return { receipt, failures, reader, unwritten };
}

/** @param damaged those of the missing parameters that were committed, but whose values do not match the checksum. */
function incomplete(url: string, missing: readonly Range[], damaged: readonly Range[]): TemporaryError {
  const count = countOf(damaged);
  const because = count === 0 ? "" : `, ${formatCount(count)} of them because their values do not match their checksum`;
  return new TemporaryError(
    `${url} is not complete: ${describeMissing(missing)}${because}. Start the run again: it computes only these`,
  );
}

/** `12,000 parameters are missing (0-9,999, 20,000-21,999)`. */
function describeMissing(missing: readonly Range[]): string {
  const shown = missing.slice(0, 5).map((range) => `${formatCount(range.start)}-${formatCount(endOf(range) - 1)}`);
  const more = missing.length > shown.length ? `, and ${missing.length - shown.length} more ranges` : "";
  return `${formatCount(countOf(missing))} parameters are missing (${shown.join(", ")}${more})`;
}

/** Each failed parameter once, sorted. */
function failuresOf(records: readonly CommitRecord[]): Failure[] {
  const byParameter = new Map<number, Failure>();
  for (const record of records) for (const failure of record.failures) byParameter.set(failure.parameter, failure);
  return [...byParameter.values()].sort((a, b) => a.parameter - b.parameter);
}

function presentBits(total: number, failures: readonly Failure[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(total / 8)).fill(0xff);
  if (total % 8 !== 0) bits[bits.length - 1] = (1 << (total % 8)) - 1;
  for (const { parameter } of failures) {
    const byte = Math.floor(parameter / 8);
    bits[byte] = (bits[byte] as number) & ~(1 << (parameter % 8));
  }
  return bits;
}

/** The fewest of some sorted records that still cover everything: a block that was committed twice appears once. */
function withoutOverlaps(records: readonly CommitRecord[]): CommitRecord[] {
  const chosen: CommitRecord[] = [];
  let covered = 0;
  for (let index = 0; index < records.length; ) {
    let best: CommitRecord | undefined;
    for (; index < records.length && (records[index] as CommitRecord).start <= covered; index++) {
      const record = records[index] as CommitRecord;
      if (best === undefined || endOf(record) > endOf(best)) best = record;
    }
    if (best === undefined || endOf(best) <= covered) break;
    chosen.push(best);
    covered = endOf(best);
  }
  return chosen;
}
