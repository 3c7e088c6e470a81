import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import {
  checkSameRun,
  noResultsIn,
  parseRunFile,
  type RunFile,
  type RunIdentity,
  serializeRunFile,
} from "../contract/identity.ts";
import { blocksInFlight } from "../contract/memory.ts";
import { overlaps, type Range, RangeCollector, union } from "../parameters/ranges.ts";
import { bundleFile, readBundle } from "./bundle-file.ts";
import { createTextChecksum } from "./checksum.ts";
import { ColumnFiles } from "./column-files.ts";
import { serializeRecord } from "./commit-log.ts";
import { CommitPace } from "./commit-pace.ts";
import { countCommitted } from "./committed-blocks.ts";
import { FileStore } from "./file-store.ts";
import { type ResolvedPart, resolveStream } from "./resolution.ts";
import { BlockListing, type BlockObject, keyOf } from "./s3-blocks.ts";
import { Bucket } from "./s3-bucket.ts";
import { S3CommittedBlocks } from "./s3-committed-blocks.ts";
import { S3Reader } from "./s3-reader.ts";
import type {
  CommittedBlocks,
  FileLocation,
  Note,
  ReportWriter,
  ResultReader,
  ResultStore,
  ResultWriter,
  Spool,
  SpooledBlock,
  StoredFile,
  StoredRun,
  StoreProgress,
} from "./store.ts";
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

  /** @param sibling a prefix of the same bucket, to share its connections. */
  constructor(url: string, requestTimeoutMs: number, sibling?: Bucket) {
    this.url = url.replace(/\/+$/, "");
    this.#bucket = new Bucket(this.url, requestTimeoutMs, sibling);
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
    void this.#bucket.isSlow.then(onSlowDown);
    return new S3Writer(this.#bucket, identity, await createTextChecksum());
  }

  async progress(): Promise<StoreProgress> {
    const { identity } = await this.#runFile();
    return { identity, ...(await countCommitted(this.committedBlocks(identity))) };
  }

  async describe(): Promise<StoredRun> {
    const { identity, modifiedAt } = await this.#runFile();
    return { identity, createdAt: Number.isNaN(modifiedAt) ? 0 : modifiedAt };
  }

  committedBlocks(identity: RunIdentity): CommittedBlocks {
    return new S3CommittedBlocks(this.#bucket, listingOf(this.#bucket, identity), identity);
  }

  async files(prefix: string, after: string): Promise<StoredFile[]> {
    const { objects } = await this.#bucket.list(prefix, after);
    return objects.map(({ key, size = 0, modifiedAt = 0 }) => ({ name: key, bytes: size, modifiedAt }));
  }

  async locate(name: string, seconds: number): Promise<FileLocation> {
    // A browser would show a receipt in place of the page. The page's attribute `download` has no effect on another origin.
    return { kind: "redirect", url: await this.#bucket.linkTo(name, seconds, `${basename(this.url)}-${name}`) };
  }

  async read(directory?: string): Promise<ResultReader> {
    const runFile = await this.#runFile();
    const readBundle = () => this.#readBundle(runFile.identity);
    const findParts = (range: Range) => partsOf(listingOf(this.#bucket, runFile.identity), range);
    const reader = new S3Reader(this.#bucket, this.url, runFile, readBundle, findParts);
    return directory === undefined ? reader : this.#download(reader, directory, runFile.text);
  }

  /** @returns a reader of the files in `directory`, whose reports go to the bucket, too. */
  async #download(remote: S3Reader, directory: string, runFile: string): Promise<ResultReader> {
    const store = new FileStore(directory);
    await store.create(remote.identity, await remote.evaluationBundle(), runFile);
    await remote.download(directory);
    const local = await store.read();
    return {
      identity: remote.identity,
      isIdentityChecked: remote.isIdentityChecked,
      url: this.url,
      stretches: (range) => local.stretches(range),
      checkSize: () => local.checkSize(),
      report: async (name) => inBoth(await local.report(name), await remote.report(name)),
      readReport: (name) => local.readReport(name),
      evaluationBundle: () => local.evaluationBundle(),
      // The bucket may have changed.
      state: () => remote.state(),
    };
  }

  note(name: string): Note {
    return {
      read: async () => (await this.#bucket.get(name))?.toString() || undefined,
      write: (text) => this.#bucket.put(name, Buffer.from(text)),
      // Workers may not delete objects.
      remove: () => this.#bucket.put(name, Buffer.alloc(0)),
    };
  }

  #readBundle(identity: RunIdentity): Promise<Uint8Array | undefined> {
    return readBundle(identity, this.url, (name) => this.#bucket.get(name));
  }

  async #runFile(): Promise<RunFile & { readonly text: string; readonly modifiedAt: number }> {
    const object = await this.#bucket.getDated("run.json");
    if (object === undefined) throw noResultsIn(this.url);
    const text = object.bytes.toString();
    return { ...parseRunFile(text, `${this.url}/run.json`), text, modifiedAt: object.modifiedAt };
  }
}

class S3Writer implements ResultWriter {
  readonly spool: Spool;
  readonly #bucket: Bucket;
  readonly #files: ColumnFiles;
  readonly #directory = temporaryDirectory();
  readonly #checksumOf: (text: string) => string;
  readonly #identity: RunIdentity;
  readonly #pace = new CommitPace();

  constructor(bucket: Bucket, identity: RunIdentity, checksumOf: (text: string) => string) {
    this.#bucket = bucket;
    this.#identity = identity;
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

  async committed(share: readonly Range[]): Promise<Range[]> {
    const listing = listingOf(this.#bucket, this.#identity);
    const wanted = union(share);
    const found = new RangeCollector();
    await Promise.all(
      listing.lanesOf(wanted).map(async (lane) => {
        for await (const block of listing.blocksOf(lane)) if (overlaps(wanted, block)) found.add(block);
      }),
    );
    return found.ranges();
  }

  async commit(blocks: readonly SpooledBlock[]): Promise<void> {
    // A longer block would not be found again: see `BlockListing`.
    const long = blocks.find(({ count }) => count > this.#identity.batchSize);
    if (long !== undefined) throw new Error(`a block of ${long.count} parameters is longer than the batch size`);
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

function inBoth(first: ReportWriter, second: ReportWriter): ReportWriter {
  return {
    write: async (content) => {
      await Promise.all([first.write(content), second.write(content)]);
    },
    finish: async () => {
      await first.finish();
      await second.finish();
    },
    abandon: async () => {
      await first.abandon();
      await second.abandon();
    },
  };
}

/** The parts of blocks that count and hold some parameters of a range. */
async function* partsOf(listing: BlockListing, range: Range): AsyncGenerator<ResolvedPart<BlockObject>> {
  for await (const part of resolveStream(listing.blocksOf([range]))) if (overlaps([range], part)) yield part;
}

function listingOf(bucket: Bucket, { batchSize }: RunIdentity): BlockListing {
  return new BlockListing((below, after, limit) => bucket.list(below, after, limit), batchSize);
}
