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
  /** Milliseconds since the epoch. Known in directories, but not in those of earlier versions. */
  readonly committedAt?: number | undefined;
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

/** What it took to evaluate a block. */
export interface ComputingTime {
  readonly wallSeconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  /** The part of `wallSeconds` in which the work was ready, but other programs had the CPU. Undefined where the system does not tell. */
  readonly queuedSeconds: number | undefined;
}

/** Values in the spool that are to be committed. */
export interface SpooledBlock extends CommitRecord {
  /** Known only if it was asked for, and never of parameters that ran one by one. */
  readonly time?: ComputingTime | undefined;
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

/** Consecutive parameters with their values. */
export interface Stretch extends Range {
  /**
   * The values by column. Their memory is used again for a later stretch. A reader that must wait for each block stops to fetch
   * values when parameters are missing before them, because nothing can be proved then: there is no column in such a stretch.
   */
  readonly columns: readonly Float64Array[];
  /**
   * The blocks that match their checksums, sorted and disjoint; of blocks that overlap, the parts that count. A parameter in none of
   * them is damaged.
   */
  readonly blocks: readonly CommitRecord[];
}

/** The reports that `verify` writes, and the table that an executor writes with them. */
export const REPORT_FILES = {
  receipt: "receipt.json",
  present: "present.bits",
  /** One line of JSON for each parameter without a result. */
  failures: "failures.jsonl",
  /** All results, for other programs. */
  table: "results.parquet",
  /** The state of the files that the receipt proves. */
  state: "verified.json",
} as const;

/** A file made from results, such as a receipt, that appears as a whole or not at all. */
export interface ReportWriter {
  /** @param content must not change before the report is finished. */
  write(content: string | Uint8Array): Promise<void>;
  /** Replaces an earlier report of the same name. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}

/** The results of one run, as `verify`, `export` and summaries use them. They need not fit in memory, nor be on this machine. */
export interface ResultReader {
  readonly identity: RunIdentity;
  /** Whether the checksum of `run.json` proves the identity. Earlier versions wrote none. */
  readonly isIdentityChecked: boolean;
  /** The place of the results, for messages. */
  readonly url: string;
  /**
   * Reads what is committed, sorted, and checks each block against its own checksum.
   *
   * @param range only the blocks that hold some of these parameters. @default all
   */
  stretches(range?: Range): AsyncGenerator<Stretch>;
  /** @throws TemporaryError if a file has another size than its values. */
  checkSize(): Promise<void>;
  /** Starts a report, beside the results. */
  report(name: string): Promise<ReportWriter>;
  /**
   * The evaluation's bundle, if it was a module.
   *
   * @throws PermanentError if it does not match the identity.
   */
  evaluationBundle(): Promise<Uint8Array | undefined>;
  /** The content of a report, if there is one. */
  readReport(name: string): Promise<string | undefined>;
  /** The state of the files behind the results. Undefined if it cannot be known without reading them. */
  state(): Promise<StoreState | undefined>;
}

/** Describes files, so that an equal description means that nobody has written to them since. */
export interface StoreState {
  /** Of each file with values or records, its name, size, times and inode. */
  readonly values: readonly string[];
  /** Likewise of the reports. */
  readonly reports: readonly string[];
  /** When one of the files with values or records was changed last, in milliseconds since the epoch. */
  readonly changedAt: number;
  /** When the state was read. */
  readonly seenAt: number;
}

/** A small text beside the results, which outlives the worker. It is read and written as a whole. */
export interface Note {
  /** Undefined if nothing was written, or if it was removed. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
  remove(): Promise<void>;
}

/** A file beside the results. An empty one is none: nobody may delete objects. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Where a file beside the results can be read: behind a link that anybody may follow for a while, or at a path. */
export type FileLocation =
  | { readonly kind: "redirect"; readonly url: string }
  | { readonly kind: "file"; readonly path: string };

/** A run, as its `run.json` describes it. */
export interface StoredRun {
  readonly identity: RunIdentity;
  /** When its first worker started, or when it was submitted, in milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A committed block, as a listing shows it without its values. */
export interface CommittedBlock extends Range {
  /** Milliseconds since the epoch; undefined if nothing tells. Logs of earlier versions have no times. */
  readonly committedAt: number | undefined;
  /** Undefined if its record must be read to know them: see {@link CommittedBlocks.failuresOf}. */
  readonly failures: readonly Failure[] | undefined;
  /** About the bytes that its failures take in its record, 0 if it has none. */
  readonly failureBytes: number;
}

/** The part of a block that counts, or a piece of it. */
export interface CommittedPart extends Range {
  readonly record: CommittedBlock;
}

/** The committed blocks of a run. They are never all in memory, and their values are not read. */
export interface CommittedBlocks {
  readonly identity: RunIdentity;
  /**
   * The parts of blocks that lie in the wanted ranges, as streams that are worth reading at the same time. The parts of a stream are sorted,
   * those of all streams are disjoint. Each call looks again.
   *
   * @param wanted disjoint and sorted. @default everything
   */
  lanes(wanted?: readonly Range[]): AsyncGenerator<CommittedPart>[];
  /** The failures of a whole block, sorted by parameter. A record in a bucket is read. */
  failuresOf(block: CommittedBlock): Promise<readonly Failure[]>;
  /** Values of a part, from its first parameter on. They are not compared with their checksum. @param most the number of values at most */
  valuesOf(part: CommittedPart, column: number, most: number): Promise<Float64Array>;
}

/** How far a run is, according to its commit records. */
export interface StoreProgress {
  readonly identity: RunIdentity;
  /** The number of committed parameters; some may have failed. */
  readonly committed: number;
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
  note(name: string): Note;
  progress(): Promise<StoreProgress>;
  /** @throws PermanentError if there are no results. */
  describe(): Promise<StoredRun>;
  /** The committed blocks, without their values. */
  committedBlocks(identity: RunIdentity): CommittedBlocks;
  /** The first files beside the results whose names begin with `prefix` and sort behind `after`, at most 1,000. */
  files(prefix: string, after: string): Promise<StoredFile[]>;
  /** Where a file beside the results can be read, for as many seconds. */
  locate(name: string, seconds: number): Promise<FileLocation>;
  /**
   * Opens the results. Those of a bucket are read block by block, and not kept.
   *
   * @param directory where to keep the results of a bucket as files: they are downloaded first. @default nowhere
   * @throws PermanentError if there are no results.
   */
  read(directory?: string): Promise<ResultReader>;
}
