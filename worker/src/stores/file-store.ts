import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { explainFileError } from "../contract/errors.ts";
import {
  checkSameRun,
  noResultsIn,
  parseRunFile,
  type RunFile,
  type RunIdentity,
  serializeRunFile,
} from "../contract/identity.ts";
import { COMPLETE_EVERY_MS } from "../contract/limits.ts";
import { overlaps, type Range, RangeCollector, union } from "../parameters/ranges.ts";
import { asideOf } from "./aside.ts";
import { bundleFile, readBundle } from "./bundle-file.ts";
import { createChecksum } from "./checksum.ts";
import { ColumnFiles } from "./column-files.ts";
import { CommitLog } from "./commit-log.ts";
import { countCommitted } from "./committed-blocks.ts";
import { FileCommittedBlocks } from "./file-committed-blocks.ts";
import { FileReader } from "./file-reader.ts";
import {
  type CommitRecord,
  type CommittedBlocks,
  type Failure,
  type FileLocation,
  type Note,
  REPORT_FILES,
  type ResultReader,
  type ResultStore,
  type ResultWriter,
  type Spool,
  type StoredFile,
  type StoredRun,
  type StoreProgress,
} from "./store.ts";

/** Most blocks of a worker between evaluation and commit. Each block has its own place in the files: this only limits the memory. */
const CAPACITY = 1024;

/** The lines of `failures.jsonl`. */
export function serializeFailures(failures: readonly Failure[]): string {
  return failures.map((failure) => `${JSON.stringify(failure)}\n`).join("");
}

/**
 * The store of results in a directory: `run.json` (the identity), `columns/<name>.f64`, `commits.log`, `evaluation-<sha256>.mjs`, and
 * the reports of `verify`.
 */
export class FileStore implements ResultStore {
  readonly url: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.url = `file:${directory}`;
  }

  /** @param runFile the text of `run.json`, for a copy of a run. @default that of a new run */
  async create(
    identity: RunIdentity,
    evaluationBundle: Uint8Array | undefined,
    runFile: string = serializeRunFile(identity),
  ): Promise<void> {
    const path = this.#path("run.json");
    try {
      mkdirSync(this.#path("columns"), { recursive: true });
      if (!existsSync(path)) createWhole(path, runFile);
    } catch (error) {
      throw explainFileError(error, this.#directory);
    }
    checkSameRun(this.#readRunFile().identity, identity, this.url);
    // A start that was ended between the two files has left the first alone.
    if (evaluationBundle !== undefined && (await this.#readBundle(identity)) === undefined) {
      this.#write(bundleFile(identity), evaluationBundle);
    }
  }

  async write(identity: RunIdentity): Promise<ResultWriter> {
    const columns = ColumnFiles.open(this.#columnPaths(identity), identity.totalParameters);
    const log = await CommitLog.open(this.#path("commits.log"));
    for (const directory of [this.#directory, this.#path("columns")]) syncDirectory(directory);
    return new FileWriter(columns, log, this.#path(REPORT_FILES.failures), () =>
      CommitLog.read(this.#path("commits.log")),
    );
  }

  async progress(): Promise<StoreProgress> {
    const { identity } = this.#readRunFile();
    return { identity, ...(await countCommitted(this.committedBlocks(identity))) };
  }

  async describe(): Promise<StoredRun> {
    const { identity } = this.#readRunFile();
    const stat = statSync(this.#path("run.json"), { throwIfNoEntry: false });
    return { identity, createdAt: stat?.mtimeMs ?? 0 };
  }

  committedBlocks(identity: RunIdentity): CommittedBlocks {
    return new FileCommittedBlocks(this.#directory, identity);
  }

  async files(prefix: string, after: string): Promise<StoredFile[]> {
    try {
      return readdirSync(this.#directory, { withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.startsWith(prefix) && entry.name > after)
        .flatMap(({ name }) => {
          const stat = statSync(this.#path(name), { throwIfNoEntry: false });
          return stat === undefined ? [] : [{ name, bytes: stat.size, modifiedAt: stat.mtimeMs }];
        });
    } catch (error) {
      // There is nothing of this name, or a file.
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
      throw explainFileError(error, this.#directory);
    }
  }

  async locate(name: string): Promise<FileLocation> {
    return { kind: "file", path: this.#path(name) };
  }

  async read(): Promise<ResultReader> {
    const runFile = this.#readRunFile();
    return new FileReader(this.#directory, this.url, runFile, () => this.#readBundle(runFile.identity));
  }

  note(name: string): Note {
    const path = this.#path(name);
    return {
      read: async () => {
        try {
          return readFileSync(path, "utf8");
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
          throw explainFileError(error, path);
        }
      },
      write: async (text) => this.#write(name, text),
      remove: async () => rmSync(path, { force: true }),
    };
  }

  #readBundle(identity: RunIdentity): Promise<Uint8Array | undefined> {
    return readBundle(identity, this.url, async (name) => {
      const path = this.#path(name);
      try {
        return existsSync(path) ? readFileSync(path) : undefined;
      } catch (error) {
        throw explainFileError(error, path);
      }
    });
  }

  #readRunFile(): RunFile {
    const path = this.#path("run.json");
    try {
      return parseRunFile(readFileSync(path, "utf8"), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explainFileError(error, path);
      throw noResultsIn(this.url);
    }
  }

  #columnPaths(identity: RunIdentity): string[] {
    return identity.columns.map((name) => this.#path("columns", `${name}.f64`));
  }

  /** Replaces a file as a whole: a reader sees the old content or the new one. */
  #write(name: string, content: string | Uint8Array): void {
    const path = this.#path(name);
    const aside = asideOf(path);
    try {
      writeFileSync(aside, content);
      renameSync(aside, path);
    } catch (error) {
      rmSync(aside, { force: true });
      throw explainFileError(error, path);
    }
  }

  #path(...names: string[]): string {
    return join(this.#directory, ...names);
  }
}

function appendFailures(path: string, failures: readonly Failure[]): void {
  try {
    appendFileSync(path, serializeFailures(failures));
  } catch (error) {
    throw explainFileError(error, path);
  }
}

/** Makes the names of new files durable, as `fdatasync` does for their content. */
function syncDirectory(path: string): void {
  // Windows cannot open a directory, and does not need to.
  if (process.platform === "win32") return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Creates a file as a whole, unless another process has created it meanwhile. */
function createWhole(path: string, content: string): void {
  const aside = asideOf(path);
  writeFileSync(aside, content);
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

class FileWriter implements ResultWriter {
  readonly spool: Spool;
  readonly #columns: ColumnFiles;
  readonly #log: CommitLog;
  readonly #failuresPath: string;
  readonly #records: () => AsyncIterable<CommitRecord>;

  constructor(columns: ColumnFiles, log: CommitLog, failuresPath: string, records: () => AsyncIterable<CommitRecord>) {
    this.#columns = columns;
    this.#log = log;
    this.#failuresPath = failuresPath;
    this.#records = records;
    // A block's place in the results is the same, whichever worker computes it.
    this.spool = {
      paths: columns.paths,
      completeEveryMs: COMPLETE_EVERY_MS.file,
      capacity: CAPACITY,
      reserve: (block) => block.start,
      release: () => {},
    };
  }

  async committed(share: readonly Range[]): Promise<Range[]> {
    const wanted = union(share);
    const checksum = await createChecksum();
    const intact = new RangeCollector();
    // Each record is checked by itself, as `verify` does: both find the same parameters missing.
    for await (const record of this.#records()) {
      if (!overlaps(wanted, record)) continue;
      if (checksum(record.start, this.#columns.read(record.start, record.count)) === record.checksum)
        intact.add(record);
      // Let the process handle signals between blocks.
      await setImmediate();
    }
    return intact.ranges();
  }

  async commit(records: readonly CommitRecord[]): Promise<void> {
    const failures = records.flatMap((record) => record.failures);
    // Only for people who watch the run: `verify` writes the file anew from the records.
    if (failures.length > 0) appendFailures(this.#failuresPath, failures);
    this.#log.append(records);
  }

  async flush(): Promise<void> {
    // The order does not matter: a record that reaches the disk before its values does not match them, and its block is computed again.
    await Promise.all([this.#columns.sync(), this.#log.sync()]);
  }

  async close(): Promise<void> {
    this.#columns.close();
    this.#log.close();
  }
}
