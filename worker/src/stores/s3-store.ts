import { rmSync } from "node:fs";
import { join } from "node:path";
import { PermanentError, TemporaryError } from "../contract/errors.ts";
import { checkSameRun, parseRunFile, type RunFile, type RunIdentity, serializeRunFile } from "../contract/identity.ts";
import { blocksInFlight } from "../contract/memory.ts";
import { type Range, union } from "../parameters/ranges.ts";
import { bundleFile, readBundle } from "./bundle-file.ts";
import { bytesOf, createChecksum, createTextChecksum } from "./checksum.ts";
import { ColumnFiles } from "./column-files.ts";
import { CommitLog, parseRecord, serializeRecord } from "./commit-log.ts";
import { CommitPace } from "./commit-pace.ts";
import { FileStore } from "./file-store.ts";
import { Bucket, inParallel } from "./s3-bucket.ts";
import type { ResultReader, ResultStore, ResultWriter, Spool, SpooledBlock, StoreProgress } from "./store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;

/**
 * The store of results in a bucket: `run.json`, `evaluation-<sha256>.mjs` and one object for each committed block,
 * `blocks/<start>-<count>.block`, which holds the values of each column and then the commit record. Objects are created with
 * `If-None-Match: *` and never changed: the first writer of a block wins, and a listed block is whole.
 */
export class S3Store implements ResultStore {
  readonly url: string;
  readonly #bucket: Bucket;

  constructor(url: string, requestTimeoutMs: number) {
    this.url = url.replace(/\/+$/, "");
    this.#bucket = new Bucket(this.url, requestTimeoutMs);
  }

  async create(identity: RunIdentity, evaluationBundle: Uint8Array | undefined): Promise<void> {
    if ((await this.#bucket.get("run.json")) === undefined) {
      await this.#bucket.create("run.json", Buffer.from(serializeRunFile(identity)));
    }
    // Of two runs that start here at the same time, one ends at this check, before it has written anything.
    checkSameRun((await this.#runFile()).identity, identity, this.url);
    // A start that was ended between the two objects has left the first alone.
    if (evaluationBundle !== undefined && (await this.#readBundle(identity)) === undefined) {
      await this.#bucket.create(bundleFile(identity), evaluationBundle);
    }
  }

  async write(identity: RunIdentity, onSlowDown: () => void = () => {}): Promise<ResultWriter> {
    this.#bucket.onSlowDown = onSlowDown;
    return new S3Writer(this.#bucket, identity, await createTextChecksum());
  }

  async progress(): Promise<StoreProgress> {
    const { identity } = await this.#runFile();
    const blocks = await listBlocks(this.#bucket);
    const checksumOf = await createTextChecksum();
    const failed = new Set<number>();
    await inParallel(blocks, async (block) => {
      const trailer = await this.#bucket.get(keyOf(block), block.count * BYTES * identity.columns.length);
      const record = parseRecord(trailer?.toString().trimEnd() ?? "", checksumOf);
      for (const failure of record?.failures ?? []) failed.add(failure.parameter);
    });
    return { identity, committed: union(blocks), failed: failed.size };
  }

  async read(directory: string = temporaryDirectory()): Promise<ResultReader> {
    const { identity, text } = await this.#runFile();
    const local = new FileStore(directory);
    await local.create(identity, await this.#readBundle(identity), text);
    await this.#download(identity, directory);
    const reader = await local.read();
    const writeReport: ResultReader["writeReport"] = async (name, content) => {
      await reader.writeReport(name, content);
      await this.#bucket.put(name, Buffer.from(content));
    };
    return { ...reader, url: this.url, writeReport };
  }

  /** Downloads the blocks that the directory does not have yet. */
  async #download(identity: RunIdentity, directory: string): Promise<void> {
    const had = new Set((await CommitLog.read(join(directory, "commits.log"))).map(keyOf));
    const missing = (await listBlocks(this.#bucket)).filter((block) => !had.has(keyOf(block)));
    const paths = identity.columns.map((name) => join(directory, "columns", `${name}.f64`));
    const files = ColumnFiles.open(paths, identity.totalParameters);
    const log = await CommitLog.open(join(directory, "commits.log"));
    const [checksum, checksumOf] = [await createChecksum(), await createTextChecksum()];
    await inParallel(missing, async (block) => {
      const object = await this.#bucket.get(keyOf(block));
      const length = block.count * BYTES;
      const columns = identity.columns.map((_, place) => {
        const values = new Float64Array(block.count);
        bytesOf(values).set(object?.subarray(place * length, (place + 1) * length) ?? []);
        return values;
      });
      const record = parseRecord(object?.toString("utf8", length * columns.length).trimEnd() ?? "", checksumOf);
      if (record === undefined || checksum(block.start, columns) !== record.checksum) {
        // No worker replaces an existing object, so a person must delete it.
        throw new TemporaryError(
          `${this.url}/${keyOf(block)} is damaged: delete it, and run the sweep again to compute its block anew`,
        );
      }
      files.write(block.start, block.count, columns);
      log.append([record]);
    });
    files.close();
    log.close();
  }

  #readBundle(identity: RunIdentity): Promise<Uint8Array | undefined> {
    return readBundle(identity, this.url, (name) => this.#bucket.get(name));
  }

  async #runFile(): Promise<RunFile & { readonly text: string }> {
    const object = await this.#bucket.get("run.json");
    if (object === undefined) throw new PermanentError(`${this.url} holds no results: it has no run.json`);
    const text = object.toString();
    return { ...parseRunFile(text, `${this.url}/run.json`), text };
  }
}

class S3Writer implements ResultWriter {
  readonly spool: Spool;
  readonly #bucket: Bucket;
  readonly #files: ColumnFiles;
  readonly #directory = temporaryDirectory();
  readonly #checksumOf: (text: string) => string;
  readonly #pace = new CommitPace();

  constructor(bucket: Bucket, identity: RunIdentity, checksumOf: (text: string) => string) {
    this.#bucket = bucket;
    this.#checksumOf = checksumOf;
    const paths = identity.columns.map((name) => join(this.#directory, `${name}.f64`));
    const capacity = blocksInFlight({ batchSize: identity.batchSize, columns: paths.length });
    this.#files = ColumnFiles.open(paths, capacity * identity.batchSize);
    const free = Array.from({ length: capacity }, (_, slot) => slot * identity.batchSize);
    const pace = this.#pace;
    this.spool = {
      paths,
      get completeEveryMs() {
        return pace.completeEveryMs;
      },
      capacity,
      reserve: () => {
        const position = free.pop();
        if (position === undefined) throw new Error("the spool is full");
        return position;
      },
      release: (position) => free.push(position),
    };
  }

  async committed(): Promise<Range[]> {
    return union(await listBlocks(this.#bucket));
  }

  async commit(blocks: readonly SpooledBlock[]): Promise<void> {
    await Promise.all(
      blocks.map(async (block) => {
        const object = this.#objectOf(block);
        const stored = this.#pace.begin();
        await this.#bucket.create(keyOf(block), object).finally(stored);
      }),
    );
  }

  /** Reads the values straight into their places in the object, because every copy of a block counts against the memory of a pod. */
  #objectOf(block: SpooledBlock): Buffer {
    const trailer = Buffer.from(serializeRecord(block, this.#checksumOf));
    const columns = this.spool.paths.length;
    const object = Buffer.allocUnsafeSlow(columns * block.count * BYTES + trailer.length);
    const placeOf = (_: unknown, column: number) =>
      new Float64Array(object.buffer, column * block.count * BYTES, block.count);
    this.#files.read(block.position, block.count, Array.from({ length: columns }, placeOf));
    trailer.copy(object, columns * block.count * BYTES);
    return object;
  }

  async flush(): Promise<void> {
    // Nothing to do: S3 answers a write when the object is durable.
  }

  async close(): Promise<void> {
    this.#files.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function keyOf({ start, count }: Range): string {
  return `blocks/${String(start).padStart(16, "0")}-${count}.block`;
}

async function listBlocks(bucket: Bucket): Promise<Range[]> {
  const keys = await bucket.list("blocks/");
  return keys.flatMap((key) => {
    const [, start, count] = /^blocks\/(\d{16})-(\d+)\.block$/.exec(key) ?? [];
    return start === undefined ? [] : { start: Number(start), count: Number(count) };
  });
}
