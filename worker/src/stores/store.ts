import type { RunIdentity } from "../contract/identity.ts";
import type { Range } from "../parameters/ranges.ts";

/** Why a parameter has no result. */
export type FailureKind =
  /** The evaluation threw, or its promise was rejected. */
  | "threw"
  /** The evaluation returned something that is not a number, or not the declared columns. Older runs call this `garbage`. */
  | "invalid-result"
  /** The evaluation ended its process. */
  | "exited"
  /** A signal ended the evaluation's process, for example the kernel's when memory ran out. */
  | "killed"
  /** JavaScript's heap was full. */
  | "out-of-memory"
  /** The evaluation did not return in time. */
  | "timeout";

/** A parameter without a result. */
export interface Failure {
  readonly parameter: number;
  readonly kind: FailureKind;
  readonly error: string;
}

/** The record of a finished block: its values are in the store, and they match the checksum. */
export interface CommitRecord extends Range {
  /** The checksum of the values of all columns. Failed parameters have the value NaN. */
  readonly checksum: string;
  /** Sorted by parameter. */
  readonly failures: readonly Failure[];
}

/**
 * Files, one for each column, that the evaluation process writes values into, so that values need not travel through a pipe. For
 * the file store they are the results themselves, for S3 a few blocks of temporary space.
 */
export interface Spool {
  readonly paths: readonly string[];
  /** After this many milliseconds, the finished part of a block is completed. It grows while a bucket is slow. */
  readonly completeEveryMs: number;
  /** How many blocks may lie between evaluation and commit. */
  readonly capacity: number;
  /** Takes a place for a block. @returns the position of its first value, counted in values. */
  reserve(block: Range): number;
  release(position: number): void;
}

/** Values in the spool that are to be committed. */
export interface SpooledBlock extends CommitRecord {
  /** The position of its first value in the spool, counted in values. */
  readonly position: number;
}

/** The store of one run, as a worker uses it. */
export interface ResultWriter {
  readonly spool: Spool;
  /** The ranges that are committed, disjoint and sorted; at least those that overlap `share`. A file's values were checked; S3 checks its own. */
  committed(share: readonly Range[]): Promise<Range[]>;
  /** Commits blocks. Resolves when they outlive this process. Their places in the spool are free as soon as the call returns. */
  commit(blocks: readonly SpooledBlock[]): Promise<void>;
  /** Resolves when everything committed outlives this machine. */
  flush(): Promise<void>;
  /** Closes the writer and drops values that are not committed. */
  close(): Promise<void>;
}

/** The results of one run in a local directory, as `verify`, `export` and summaries use them. */
export interface ResultReader {
  readonly identity: RunIdentity;
  /** Whether the checksum of `run.json` proves the identity. Earlier versions wrote none. */
  readonly isIdentityChecked: boolean;
  /** The place of the results, for messages. */
  readonly url: string;
  /** The files with the values, one for each column. */
  readonly columnPaths: readonly string[];
  /** All intact commit records, in any order; some may overlap. Only `verify` checks the values against them. */
  records(): Promise<CommitRecord[]>;
  /** Writes a file made from the results, such as a receipt, beside them. */
  writeReport(name: string, content: string | Uint8Array): Promise<void>;
  /**
   * The evaluation's bundle, if it was a module.
   *
   * @throws PermanentError if it does not match the identity.
   */
  evaluationBundle(): Promise<Uint8Array | undefined>;
}

/** How far a run is, according to its commit records. */
export interface StoreProgress {
  readonly identity: RunIdentity;
  /** Disjoint and sorted. */
  readonly committed: readonly Range[];
  readonly failed: number;
}

/** The place for the results of one run. */
export interface ResultStore {
  readonly url: string;
  /**
   * Creates the store of a run, or opens it again.
   *
   * @throws PermanentError if the place holds another run, or the evaluation there was changed.
   */
  create(identity: RunIdentity, evaluationBundle: Uint8Array | undefined): Promise<void>;
  /** @param onSlowDown called when a bucket asks for fewer requests for the first time. The writer adapts. */
  write(identity: RunIdentity, onSlowDown?: () => void): Promise<ResultWriter>;
  progress(): Promise<StoreProgress>;
  /**
   * Opens the results. A remote store downloads them first.
   *
   * @param directory keeps the downloaded files. @default a temporary directory
   * @throws PermanentError if there are no results.
   */
  read(directory?: string): Promise<ResultReader>;
}
