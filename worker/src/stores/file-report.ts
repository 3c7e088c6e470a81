import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { explainFileError } from "../contract/errors.ts";
import type { ReportWriter } from "./store.ts";

/** A report in a directory. It is written aside and then moved: a reader sees the old one or the new one. */
export class FileReport implements ReportWriter {
  readonly #path: string;
  readonly #aside: string;
  readonly #file: FileHandle;

  private constructor(path: string, aside: string, file: FileHandle) {
    this.#path = path;
    this.#aside = aside;
    this.#file = file;
  }

  static async start(path: string): Promise<FileReport> {
    const aside = `${path}.${process.pid}`;
    try {
      return new FileReport(path, aside, await open(aside, "w"));
    } catch (error) {
      throw explainFileError(error, path);
    }
  }

  async write(content: string | Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(content);
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }

  async finish(): Promise<void> {
    try {
      await this.#file.close();
      await rename(this.#aside, this.#path);
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }

  async abandon(): Promise<void> {
    await this.#file.close();
    await rm(this.#aside, { force: true });
  }
}
