import { closeSync, constants, fdatasync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { explainFileError } from "../contract/errors.ts";
import { bytesOf } from "./checksum.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;
const datasync = promisify(fdatasync);

/**
 * Files of little-endian float64 values, one for each column; value `i` of a column is at byte `8 * i`.
 *
 * Any number of processes write to them, each at its positions. The supervisor opens them only to synchronize them, which makes
 * the writes of other processes durable too.
 */
export class ColumnFiles {
  readonly paths: readonly string[];
  readonly #files: readonly number[];

  private constructor(paths: readonly string[], files: readonly number[]) {
    this.paths = paths;
    this.#files = files;
  }

  /** Opens files for writing. A `length`, in values, sets their size; the hole takes no space on the disk. */
  static open(paths: readonly string[], length?: number): ColumnFiles {
    const files = paths.map((path) => {
      try {
        const file = openSync(path, constants.O_CREAT | constants.O_RDWR, 0o666);
        if (length !== undefined && fstatSync(file).size !== length * BYTES) ftruncateSync(file, length * BYTES);
        return file;
      } catch (error) {
        throw explainFileError(error, path);
      }
    });
    return new ColumnFiles(paths, files);
  }

  static openToRead(paths: readonly string[]): ColumnFiles {
    const files = paths.map((path) => {
      try {
        return openSync(path, constants.O_RDONLY);
      } catch (error) {
        throw explainFileError(error, path);
      }
    });
    return new ColumnFiles(paths, files);
  }

  /** Writes the first `count` values of each column. */
  write(position: number, count: number, columns: readonly Float64Array[]): void {
    for (const [index, file] of this.#files.entries()) {
      const bytes = bytesOf(columns[index] as Float64Array);
      try {
        let written = 0;
        while (written < count * BYTES) {
          written += writeSync(file, bytes, written, count * BYTES - written, position * BYTES + written);
        }
      } catch (error) {
        throw explainFileError(error, this.paths[index] as string);
      }
    }
  }

  /**
   * Reads values of each column. Beyond the end of a file that was cut they are 0.
   *
   * @param into arrays to fill, which saves memory. @default new arrays
   */
  read(position: number, count: number, into?: readonly Float64Array[]): Float64Array[] {
    return this.#files.map((file, index) => {
      const values = into?.[index]?.subarray(0, count) ?? new Float64Array(count);
      const bytes = bytesOf(values);
      try {
        let got = 0;
        while (got < bytes.length) {
          const more = readSync(file, bytes, got, bytes.length - got, position * BYTES + got);
          if (more === 0) {
            bytes.fill(0, got);
            break;
          }
          got += more;
        }
      } catch (error) {
        throw explainFileError(error, this.paths[index] as string);
      }
      return values;
    });
  }

  async sync(): Promise<void> {
    await Promise.all(
      this.#files.map(async (file, index) => {
        try {
          await datasync(file);
        } catch (error) {
          throw explainFileError(error, this.paths[index] as string);
        }
      }),
    );
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }
}
