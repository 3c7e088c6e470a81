import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { explainFileError } from "../contract/errors.ts";
import { asideOf } from "./aside.ts";
import type { ReportWriter } from "./store.ts";

/** A kill leaves the beginning of a longer report behind; the reports of 60 million parameters are shorter. */
const BYTES_IN_MEMORY = 8 * 2 ** 20;

/** A report in a directory. It is written aside and then moved: a reader sees the old one or the new one. */
export class FileReport implements ReportWriter {
  readonly #path: string;
  readonly #aside: string;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #file: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#aside = asideOf(path);
  }

  async write(content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > BYTES_IN_MEMORY) await this.#flush();
  }

  async finish(): Promise<void> {
    try {
      await this.#flush();
      await this.#file?.close();
      await rename(this.#aside, this.#path);
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }

  async abandon(): Promise<void> {
    if (this.#file === undefined) return;
    // It is closed already if its new name was refused.
    await this.#file.close().catch(() => {});
    await rm(this.#aside, { force: true });
  }

  async #flush(): Promise<void> {
    try {
      this.#file ??= await open(this.#aside, "w");
      const [first, ...rest] = this.#pending;
      if (first !== undefined) await this.#file.appendFile(rest.length === 0 ? first : Buffer.concat(this.#pending));
      this.#pending = [];
      this.#pendingBytes = 0;
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }
}
