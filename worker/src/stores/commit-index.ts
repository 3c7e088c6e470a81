import { type FileHandle, open } from "node:fs/promises";
import { explainFileError } from "../contract/errors.ts";
import { createTextChecksum } from "./checksum.ts";
import { parseRecord } from "./commit-log.ts";
import type { CommitRecord } from "./store.ts";

/** No line of a log has fewer bytes, so that the size of a file bounds the number of its lines. */
const SHORTEST_LINE = 80;
const NEWLINE = 0x0a;
const READ_AT_ONCE = 1 << 20;

/** A line of a log and its place in the file, in bytes. */
interface Line {
  readonly text: string;
  readonly start: number;
  readonly size: number;
}

/**
 * The intact records of a commit log, sorted by their first parameter, the longest first. A record takes 40 bytes of memory: its
 * failures stay in the log until they are asked for, because there may be millions of them.
 */
export class CommitIndex {
  #length = 0;
  readonly #file: FileHandle | undefined;
  readonly #checksumOf: (text: string) => string;
  readonly #starts: Float64Array;
  readonly #counts: Float64Array;
  readonly #checksums: Buffer;
  /** The lines of records with failures; the size is 0 where there are none. */
  readonly #lineStarts: Float64Array;
  readonly #lineSizes: Uint32Array;
  #order = new Uint32Array(0);

  private constructor(file: FileHandle | undefined, capacity: number, checksumOf: (text: string) => string) {
    this.#file = file;
    this.#checksumOf = checksumOf;
    this.#starts = new Float64Array(capacity);
    this.#counts = new Float64Array(capacity);
    this.#checksums = Buffer.alloc(capacity * 8);
    this.#lineStarts = new Float64Array(capacity);
    this.#lineSizes = new Uint32Array(capacity);
  }

  /** Reads the log at `path`; there are no records if there is no log. The index keeps the file open. */
  static async open(path: string): Promise<CommitIndex> {
    const checksumOf = await createTextChecksum();
    let file: FileHandle | undefined;
    try {
      file = await open(path, "r");
      const { size } = await file.stat();
      const index = new CommitIndex(file, Math.ceil(size / SHORTEST_LINE), checksumOf);
      for await (const lines of linesOf(file, size)) for (const line of lines) index.#add(line);
      index.#sort();
      return index;
    } catch (error) {
      await file?.close();
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new CommitIndex(undefined, 0, checksumOf);
      throw explainFileError(error, path);
    }
  }

  get length(): number {
    return this.#length;
  }

  start(place: number): number {
    return this.#starts[this.#order[place] as number] as number;
  }

  end(place: number): number {
    return this.start(place) + (this.#counts[this.#order[place] as number] as number);
  }

  async record(place: number): Promise<CommitRecord> {
    const entry = this.#order[place] as number;
    const size = this.#lineSizes[entry] as number;
    if (size === 0) {
      const checksum = this.#checksums.toString("hex", entry * 8, entry * 8 + 8);
      return { start: this.start(place), count: this.#counts[entry] as number, checksum, failures: [] };
    }
    const line = Buffer.alloc(size);
    await this.#file?.read(line, 0, size, this.#lineStarts[entry]);
    const record = parseRecord(line.toString(), this.#checksumOf);
    if (record === undefined) throw new Error("the commit log changed while it was read");
    return record;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #add({ text, start, size }: Line): void {
    const record = parseRecord(text, this.#checksumOf);
    if (record === undefined) return;
    const entry = this.#length++;
    this.#starts[entry] = record.start;
    this.#counts[entry] = record.count;
    this.#checksums.write(record.checksum, entry * 8, "hex");
    if (record.failures.length === 0) return;
    this.#lineStarts[entry] = start;
    this.#lineSizes[entry] = size;
  }

  #sort(): void {
    const [starts, counts] = [this.#starts, this.#counts];
    const of = (values: Float64Array, entry: number) => values[entry] as number;
    this.#order = Uint32Array.from({ length: this.#length }, (_, entry) => entry).sort(
      (a, b) => of(starts, a) - of(starts, b) || of(counts, b) - of(counts, a),
    );
  }
}

/** The lines within the first `size` bytes of a file, some at a time. */
async function* linesOf(file: FileHandle, size: number): AsyncGenerator<Line[]> {
  let rest = Buffer.alloc(0);
  for (let position = 0; position < size; ) {
    const chunk = Buffer.alloc(Math.min(READ_AT_ONCE, size - position));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return;
    const content = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const contentStart = position - rest.length;
    const lines: Line[] = [];
    let start = 0;
    for (let end = content.indexOf(NEWLINE); end !== -1; end = content.indexOf(NEWLINE, start)) {
      lines.push({ text: content.toString("utf8", start, end), start: contentStart + start, size: end - start });
      start = end + 1;
    }
    yield lines;
    rest = content.subarray(start);
    position += bytesRead;
  }
}
