import type { RunIdentity } from "../contract/identity.ts";
import type { Range } from "../parameters/ranges.ts";

/** How a parameter was lost. */
export type FailureKind =
  /** The evaluation threw, or its promise was rejected. */
  | "threw"
  /** It returned something that is not a number, or not the declared columns. */
  | "garbage"
  /** It ended its process. */
  | "exited"
  /** Its process was ended by a signal, for example by the kernel when memory ran out. */
  | "killed"
  /** JavaScript's heap was full. */
  | "out-of-memory"
  /** It did not return in time. */
  | "timeout";

/** A parameter without a result. */
export interface Failure {
  readonly parameter: number;
  readonly kind: FailureKind;
  readonly error: string;
}

/** Says that a block is finished: its values are in the store, and they match the checksum. */
export interface CommitRecord extends Range {
  /** Of the values of all columns; those of failed parameters are NaN. */
  readonly checksum: string;
  /** Sorted by parameter. */
  readonly failures: readonly Failure[];
}

/**
 * Files that the evaluation process writes values into, one a column, so that they need not travel through a pipe. For the
 * file store they are the results themselves, for S3 a few blocks of temporary space.
 */
export interface Spool {
  readonly paths: readonly string[];
  /** What is done of a block is completed when so many milliseconds have passed. */
  readonly completeEveryMs: number;
  /** How many blocks may be between evaluation and commit. */
  readonly capacity: number;
  /** Takes a place for a block. @returns where it begins, in values. */
  reserve(block: Range): number;
  release(position: number): void;
}

/** Values in the spool that are to be committed. */
export interface SpooledBlock extends CommitRecord {
  /** Where in the spool its values begin, in values. */
  readonly position: number;
}

/**
 * How much work a kill may cost, in milliseconds: what is done of a long block is completed this often, however large blocks are.
 * In a bucket each part is an object, and a request: at one a second, requests would cost as much as the spot machine.
 */
export const COMPLETE_EVERY_MS = { file: 1_000, s3: 10_000 } as const;

/** The store of one run, as a worker uses it. */
export interface ResultWriter {
  readonly spool: Spool;
  /** Committed already: disjoint and sorted, at least those that overlap `share`. A file's values were checked; S3 checks its own. */
  committed(share: readonly Range[]): Promise<Range[]>;
  /**
   * Commits blocks. Resolves when they outlive this process; their places in the spool may be used again as soon as this has
   * been called.
   */
  commit(blocks: readonly SpooledBlock[]): Promise<void>;
  /** Resolves when everything committed outlives this machine. */
  flush(): Promise<void>;
  /** Gives up what is not committed. */
  close(): Promise<void>;
}

/** The results of one run in a local directory, as `verify`, `export` and summaries use them. */
export interface ResultReader {
  readonly identity: RunIdentity;
  /** Where the results are, for messages. */
  readonly url: string;
  /** The files with the values, a column each. */
  readonly columnPaths: readonly string[];
  /** All intact commit records, in any order; some may overlap. Whether their values are is for `verify` to find out. */
  records(): Promise<CommitRecord[]>;
  /** Puts a file that is made of the results (a receipt, say) beside them. */
  writeReport(name: string, content: string | Uint8Array): Promise<void>;
  /** The evaluation's bundle, if it was a module. */
  evaluationBundle(): Promise<Uint8Array | undefined>;
}

/** How far a run is, from what is quick to read. */
export interface StoreProgress {
  readonly identity: RunIdentity;
  /** Disjoint and sorted. */
  readonly committed: readonly Range[];
  readonly failed: number;
}

/** A place for the results of one run. */
export interface ResultStore {
  readonly url: string;
  /**
   * Creates the store of a run, or opens it again.
   *
   * @throws PermanentError where it holds another run.
   */
  create(identity: RunIdentity, evaluationBundle: Uint8Array | undefined): Promise<void>;
  write(identity: RunIdentity): Promise<ResultWriter>;
  progress(): Promise<StoreProgress>;
  /**
   * Opens the results; those of a remote store are downloaded.
   *
   * @param directory where to, and keep them. @default a temporary directory
   * @throws PermanentError where there are no results.
   */
  read(directory?: string): Promise<ResultReader>;
}
