import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { explainFileError } from "../errors.ts";
import { countOf, endOf, type Range, subtract, union } from "../ranges.ts";
import { FAILURES_FILE, serializeFailures } from "../stores/file-store.ts";
import type { CommitRecord, Failure, ResultReader } from "../stores/store.ts";
import type { ChecksumTask } from "./checksum-thread.ts";

const CHUNK_BYTES = 1 << 20;
const PRESENT_FILE = "present.bits";

/** Proof that a run is complete, written as `receipt.json` beside its results. */
export interface Receipt {
  readonly format: string;
  readonly evaluation: string;
  readonly evaluationSha256: string;
  readonly seed: number;
  readonly totalParameters: number;
  readonly batchSize: number;
  /** Parameters with a result. */
  readonly present: number;
  /** Parameters that were evaluated and have none. */
  readonly failed: number;
  /** By column: of its file, which holds little-endian float64 values. */
  readonly columns: Readonly<Record<string, { readonly sha256: string }>>;
  /** Of `present.bits`: bit `i % 8` of byte `i / 8`, lowest first, is 1 where parameter `i` has a result. */
  readonly presentBitsSha256: string;
  /** What was committed, sorted: together exactly the parameters of the run. */
  readonly ranges: readonly (Range & { readonly checksum: string; readonly failed: number })[];
}

/** What `verify` found. */
export type Verification =
  | { readonly complete: true; readonly receipt: Receipt; readonly failures: readonly Failure[] }
  | {
      readonly complete: false;
      /** Parameters that no intact block holds. */
      readonly missing: readonly Range[];
      /** Those of them that were committed, but whose values do not match the checksum. */
      readonly damaged: readonly Range[];
    };

/**
 * Proves that every parameter is there exactly once, with matching checksums, and writes `receipt.json`, `present.bits` and
 * `failures.jsonl`. A run that is not complete gets no receipt.
 */
export async function verifyResults(reader: ResultReader): Promise<Verification> {
  const { identity } = reader;
  const records = (await reader.records()).sort((a, b) => a.start - b.start);
  // Two passes over the same bytes, each on a core of its own: SHA-256 takes longer than reading and all checksums together.
  const [isIntact, digests] = await Promise.all([
    checkRecords({ columnPaths: reader.columnPaths, records }),
    sha256OfFiles(reader.columnPaths, identity.totalParameters * Float64Array.BYTES_PER_ELEMENT),
  ]);
  const intact = records.filter((_, index) => isIntact[index]);
  const everything = { start: 0, count: identity.totalParameters };
  const missing = subtract([everything], union(intact));
  if (missing.length > 0 || digests === undefined) {
    const damaged = subtract(union(records), union(intact));
    return { complete: false, missing, damaged };
  }
  const failures = failuresOf(intact);
  const bits = presentBits(identity.totalParameters, failures);
  const receipt: Receipt = {
    format: identity.format,
    evaluation: identity.evaluation,
    evaluationSha256: identity.evaluationSha256,
    seed: identity.seed,
    totalParameters: identity.totalParameters,
    batchSize: identity.batchSize,
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
  await reader.writeReport(PRESENT_FILE, bits);
  await reader.writeReport(FAILURES_FILE, serializeFailures(failures));
  await reader.writeReport("receipt.json", `${JSON.stringify(receipt, undefined, 1)}\n`);
  return { complete: true, receipt, failures };
}

/** `12,000 parameters are missing (0-9,999, 20,000-21,999)`. */
export function describeMissing(missing: readonly Range[]): string {
  const shown = missing
    .slice(0, 5)
    .map((range) => `${range.start.toLocaleString("en")}-${(endOf(range) - 1).toLocaleString("en")}`);
  const more = missing.length > shown.length ? `, and ${missing.length - shown.length} more ranges` : "";
  return `${countOf(missing).toLocaleString("en")} parameters are missing (${shown.join(", ")}${more})`;
}

/** Checks in a thread of its own which records match the values. */
async function checkRecords(task: ChecksumTask): Promise<boolean[]> {
  const records = task.records.map(({ start, count, checksum }) => ({ start, count, checksum }));
  const thread = new Worker(new URL("checksum-thread.mjs", import.meta.url), {
    workerData: { columnPaths: task.columnPaths, records } satisfies ChecksumTask,
    execArgv: [],
  });
  return new Promise((resolve, reject) => {
    thread.on("message", resolve);
    thread.on("error", (error) => reject(explainFileError(error, task.columnPaths[0] as string)));
  });
}

/** @returns undefined where a file does not have its size. */
async function sha256OfFiles(paths: readonly string[], size: number): Promise<string[] | undefined> {
  const digests: string[] = [];
  for (const path of paths) {
    const file = await open(path, "r").catch((error) => {
      throw explainFileError(error, path);
    });
    try {
      if ((await file.stat()).size !== size) return undefined;
      const hash = createHash("sha256");
      // One buffer is read into while the other is hashed.
      let reading = file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      let spare = Buffer.allocUnsafe(CHUNK_BYTES);
      for (;;) {
        const { bytesRead, buffer } = await reading;
        if (bytesRead === 0) break;
        reading = file.read(spare, 0, CHUNK_BYTES);
        hash.update(buffer.subarray(0, bytesRead));
        spare = buffer;
      }
      digests.push(hash.digest("hex"));
    } finally {
      await file.close();
    }
  }
  return digests;
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

/** Of sorted records that cover everything, as few as cover it too: blocks committed twice are named once. */
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
