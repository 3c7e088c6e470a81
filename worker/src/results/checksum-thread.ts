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
const intact = records.map(
  ({ start, count, checksum: expected }) => checksum(start, files.read(start, count)) === expected,
);
files.close();
parentPort?.postMessage(intact);
