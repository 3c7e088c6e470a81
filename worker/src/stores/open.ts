import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PermanentError } from "../contract/errors.ts";
import { DEFAULTS } from "../contract/settings.ts";
import { FileStore } from "./file-store.ts";
import type { ResultStore } from "./store.ts";

/** Opens the store at a URL: `file:<directory>`, a plain path, or `s3://<bucket>/<prefix>`. */
export async function openStore(
  url: string,
  s3RequestTimeoutMs: number = DEFAULTS.s3RequestTimeoutMs,
): Promise<ResultStore> {
  if (url.startsWith("s3://")) {
    // The AWS SDK takes 0.2 s to load, which only those who use it pay.
    const { S3Store } = await import("./s3-store.ts");
    return new S3Store(url, s3RequestTimeoutMs);
  }
  const scheme = /^([a-z][a-z0-9+.-]+):/.exec(url)?.[1];
  if (scheme !== undefined && scheme !== "file") {
    throw new PermanentError(
      `results: got ${JSON.stringify(url)}; allowed is file:<directory>, a path, or s3://<bucket>/<prefix>`,
    );
  }
  return new FileStore(url.startsWith("file://") ? fileURLToPath(url) : resolve(url.replace(/^file:/, "")));
}
