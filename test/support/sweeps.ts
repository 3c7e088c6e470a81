import { type RunIdentity, serializeRunFile } from "../../worker/src/contract/identity.ts";
import { createTextChecksum } from "../../worker/src/stores/checksum.ts";
import { serializeRecord } from "../../worker/src/stores/commit-log.ts";
import { keyOf } from "../../worker/src/stores/s3-blocks.ts";
import type { Failure } from "../../worker/src/stores/store.ts";
import type { FakeS3 } from "./fake-s3.ts";

/** A committed block for a bucket. */
export interface StoredBlock {
  readonly start: number;
  readonly count: number;
  /** Milliseconds since the epoch. @default now */
  readonly at?: number;
  /** Parameters that failed. */
  readonly failed?: readonly number[];
  /** The value of a parameter. @default the parameter */
  readonly value?: (parameter: number) => number;
}

/** Puts the blocks of a run into a bucket as workers do, and its `run.json`. */
export async function putSweep(
  s3: FakeS3,
  prefix: string,
  identity: RunIdentity,
  blocks: readonly StoredBlock[],
  createdAt = Date.now(),
): Promise<void> {
  putText(s3, `${prefix}/run.json`, serializeRunFile(identity), createdAt);
  const checksumOf = await createTextChecksum();
  for (const { start, count, at = Date.now(), failed = [], value = (parameter: number) => parameter } of blocks) {
    const isFailed = new Set(failed);
    const failures = failed.map(
      (parameter): Failure => ({ parameter, kind: "threw", error: `Error: no ${parameter}` }),
    );
    const record = serializeRecord({ start, count, checksum: "0".repeat(16), failures }, checksumOf);
    const values = identity.columns.flatMap((_, column) =>
      Array.from({ length: count }, (__, index) =>
        isFailed.has(start + index) ? Number.NaN : value(start + index) + column,
      ),
    );
    const bytes = Buffer.from(Float64Array.from(values).buffer);
    const key = `${prefix}/${keyOf({ start, count })}`;
    s3.objects.set(key, Buffer.concat([bytes, Buffer.from(record)]));
    s3.times.set(key, at);
  }
}

export function putText(s3: FakeS3, key: string, text: string, at = Date.now()): void {
  s3.objects.set(key, Buffer.from(text));
  s3.times.set(key, at);
}

/** Blocks of equal size, of which one is committed each `everyMs`, the last one at `end`. */
export function blocksUntil(end: number, total: number, batchSize: number, everyMs: number): StoredBlock[] {
  const count = Math.ceil(total / batchSize);
  return Array.from({ length: count }, (_, index) => ({
    start: index * batchSize,
    count: Math.min(batchSize, total - index * batchSize),
    at: end - (count - 1 - index) * everyMs,
  }));
}
