import { DEFAULTS } from "../contract/declarations.ts";
import type { StoreOptions } from "./open.ts";
import type { ResultsRoot } from "./results-root.ts";
import { Bucket } from "./s3-bucket.ts";
import { S3Store } from "./s3-store.ts";
import type { ResultStore } from "./store.ts";

/** A prefix of a bucket that holds the results of many runs. */
export class S3Root implements ResultsRoot {
  readonly url: string;
  readonly #bucket: Bucket;
  readonly #requestTimeoutMs: number;

  constructor(url: string, { s3RequestTimeoutMs = DEFAULTS.s3RequestTimeoutMs }: StoreOptions) {
    this.url = url.replace(/\/+$/, "");
    this.#requestTimeoutMs = s3RequestTimeoutMs;
    this.#bucket = new Bucket(this.url, s3RequestTimeoutMs);
  }

  async names(folder: string): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.#bucket.names(folder)) names.push(name);
    return names;
  }

  store(folder: string): ResultStore {
    return new S3Store(`${this.url}/${folder}`, this.#requestTimeoutMs, this.#bucket);
  }

  async check(): Promise<void> {
    await this.#bucket.list("", "", 1);
  }
}
