import { closeSync, constants, fdatasync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { explainFileError } from "../contract/errors.ts";
import type { Range } from "../parameters/ranges.ts";
import { createTextChecksum } from "./checksum.ts";
import { CommitIndex, type LinePlace } from "./commit-index.ts";
import { type Line, readLines } from "./log-reader.ts";
import type { CommitRecord, Failure } from "./store.ts";

const datasync = promisify(fdatasync);

/** A record as a line: the checksum of the rest of the line, and the record as JSON. */
export function serializeRecord(record: CommitRecord, checksumOf: (text: string) => string): string {
  const { start, count, checksum, failures, committedAt } = record;
  // Objects of a bucket have a time of their own, and their records have none.
  const json = JSON.stringify({ start, count, checksum, failures, committedAt });
  return `${checksumOf(json)} ${json}\n`;
}

/** The bytes of a record's line, if it has no failures. A record with failures is longer. */
export function bytesWithoutFailures({ start, count }: Range): number {
  const checksum = "0".repeat(16);
  return serializeRecord({ start, count, checksum, failures: [] }, () => checksum).length;
}

/** The record of a line without its newline, or undefined if {@link serializeRecord} did not write the line. */
export function parseRecord(line: string, checksumOf: (text: string) => string): CommitRecord | undefined {
  const json = line.slice(17);
  if (line[16] !== " " || line.slice(0, 16) !== checksumOf(json)) return undefined;
  const record: CommitRecord = JSON.parse(json);
  return record.failures.length === 0 ? record : { ...record, failures: record.failures.map(withPresentKind) };
}

/**
 * Earlier versions wrote the kind `invalid-result` as `garbage`. Both stores read every record here, so that nothing else
 * knows the old word, and `verify` writes failures.jsonl with the new one.
 */
function withPresentKind(failure: Failure): Failure {
  return (failure.kind as string) === "garbage" ? { ...failure, kind: "invalid-result" } : failure;
}

/**
 * An append-only file with one line for each committed block. Any number of processes append to it: on a local file system a
 * write to a file opened with O_APPEND is atomic. A cut or damaged line does not match its checksum and counts as not written, so
 * that its block is computed again.
 */
export class CommitLog {
  readonly #path: string;
  readonly #checksum: (text: string) => string;
  readonly #file: number;

  private constructor(path: string, checksum: (text: string) => string, file: number) {
    this.#path = path;
    this.#checksum = checksum;
    this.#file = file;
  }

  /** Opens the log for appending. */
  static async open(path: string): Promise<CommitLog> {
    const checksum = await createTextChecksum();
    try {
      const file = openSync(path, constants.O_CREAT | constants.O_RDWR | constants.O_APPEND, 0o666);
      const log = new CommitLog(path, checksum, file);
      // A crash or a full disk may leave half a line, which the next record must not continue.
      if (!endsWithNewline(file)) log.#write("\n");
      return log;
    } catch (error) {
      throw explainFileError(error, path);
    }
  }

  /** All intact records, in the order in which they were written; none if there is no log yet. */
  static async *read(path: string): AsyncGenerator<CommitRecord> {
    for await (const records of readRecords(path)) for (const { record } of records) yield record;
  }

  /** All intact records, sorted by their first parameter, then as they were written. */
  static async *sorted(path: string): AsyncGenerator<CommitRecord> {
    yield* await CommitLog.sort(path);
  }

  /** As {@link sorted}, but the records are taken one by one without waiting: only a long record with failures is read again. */
  static async sort(path: string): Promise<Generator<CommitRecord>> {
    const checksumOf = await createTextChecksum();
    const index = new CommitIndex();
    for await (const records of readRecords(path)) for (const { record, line } of records) index.add(record, line);
    return sortedRecords(path, index, checksumOf);
  }

  /** Appends records, with the present time where they have none. */
  append(records: readonly CommitRecord[]): void {
    const now = Date.now();
    const dated = records.map((record) => ({ ...record, committedAt: record.committedAt ?? now }));
    this.#write(dated.map((record) => serializeRecord(record, this.#checksum)).join(""));
  }

  /** Resolves when everything appended outlives the machine. */
  async sync(): Promise<void> {
    try {
      await datasync(this.#file);
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#file, bytes, written);
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }
}

function* sortedRecords(
  path: string,
  index: CommitIndex,
  checksumOf: (text: string) => string,
): Generator<CommitRecord> {
  let file: number | undefined;
  const readAgain = ({ offset, length }: LinePlace) => {
    const bytes = Buffer.alloc(length);
    try {
      file ??= openSync(path, constants.O_RDONLY);
      readSync(file, bytes, 0, length, offset);
    } catch (error) {
      // Somebody may delete the run meanwhile.
      throw explainFileError(error, path);
    }
    return parseRecord(bytes.toString(), checksumOf);
  };
  try {
    yield* index.sorted(readAgain);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

async function* readRecords(path: string): AsyncGenerator<{ record: CommitRecord; line: Line }[]> {
  const checksumOf = await createTextChecksum();
  for await (const lines of readLines(path)) {
    const records: { record: CommitRecord; line: Line }[] = [];
    for (const line of lines) {
      const record = parseRecord(line.text, checksumOf);
      if (record !== undefined) records.push({ record, line });
    }
    yield records;
  }
}

function endsWithNewline(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}
