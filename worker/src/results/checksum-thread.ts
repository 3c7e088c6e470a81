import { parentPort, workerData } from "node:worker_threads";
import { ColumnFiles } from "../stores/column-files.ts";
import type { CommitRecord } from "../stores/store.ts";
import { createChecksum } from "./checksum.ts";

/** What the thread is given: which values to read, and what their checksums should be. */
export interface ChecksumTask {
  readonly columnPaths: readonly string[];
  readonly records: readonly Pick<CommitRecord, "start" | "count" | "checksum">[];
}

const { columnPaths, records } = workerData as ChecksumTask;
const checksum = await createChecksum();
const files = ColumnFiles.openToRead(columnPaths);
// The same memory for all of them: to be given new pages takes longer than to read and to hash.
const longest = records.reduce((most, { count }) => Math.max(most, count), 0);
const buffers = columnPaths.map(() => new Float64Array(longest));
const intact = records.map(
  ({ start, count, checksum: expected }) => checksum(start, files.read(start, count, buffers)) === expected,
);
files.close();
parentPort?.postMessage(intact);
