import { open } from "node:fs/promises";
import { join } from "node:path";
import { explainFileError } from "../contract/errors.ts";
import type { RunIdentity } from "../contract/identity.ts";
import type { Range } from "../parameters/ranges.ts";
import { bytesOf } from "./checksum.ts";
import { CommitLog } from "./commit-log.ts";
import { piecesIn } from "./committed-blocks.ts";
import { resolve } from "./resolution.ts";
import type { CommitRecord, CommittedBlock, CommittedBlocks, CommittedPart, Failure } from "./store.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;

/** The blocks of a directory, from its commit log. Each look reads the whole log: 60 bytes of memory a block, and a second a million. */
export class FileCommittedBlocks implements CommittedBlocks {
  readonly identity: RunIdentity;
  readonly #directory: string;

  constructor(directory: string, identity: RunIdentity) {
    this.#directory = directory;
    this.identity = identity;
  }

  lanes(wanted: readonly Range[] = [{ start: 0, count: this.identity.totalParameters }]) {
    return [this.#partsIn(wanted)];
  }

  async failuresOf({ failures }: CommittedBlock): Promise<readonly Failure[]> {
    return failures ?? [];
  }

  async valuesOf({ start, count }: CommittedPart, column: number, most: number): Promise<Float64Array> {
    const path = join(this.#directory, "columns", `${this.identity.columns[column]}.f64`);
    const values = new Float64Array(Math.min(count, most));
    try {
      const file = await open(path, "r");
      try {
        const { bytesRead } = await file.read(bytesOf(values), 0, values.byteLength, start * BYTES);
        return values.subarray(0, Math.floor(bytesRead / BYTES));
      } finally {
        await file.close();
      }
    } catch (error) {
      throw explainFileError(error, path);
    }
  }

  async *#partsIn(wanted: readonly Range[]): AsyncGenerator<CommittedPart> {
    const sorted = await CommitLog.sort(join(this.#directory, "commits.log"));
    for (const { start, count, record } of resolve(sorted)) {
      yield* piecesIn(wanted, { start, count, record: blockOf(record) });
    }
  }
}

function blockOf({ start, count, committedAt, failures }: CommitRecord): CommittedBlock {
  return { start, count, committedAt, failures, failureBytes: failures.length };
}
