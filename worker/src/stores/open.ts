import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULTS, SETTINGS } from "../contract/declarations.ts";
import { PermanentError } from "../contract/errors.ts";
import { problemOfValue } from "../contract/facts.ts";
import { describeProblem, show } from "../contract/problems.ts";
import { hasScheme } from "../contract/results-url.ts";
import { FileStore } from "./file-store.ts";
import type { ResultStore } from "./store.ts";

/** How a store is reached. */
export interface StoreOptions {
  /**
   * Milliseconds that S3 may take to answer a request, before it is tried again.
   *
   * @default 20,000
   */
  readonly s3RequestTimeoutMs?: number;
}

/**
 * Opens the place of a run's results. Nothing is read or created yet.
 *
 * @param url `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws PermanentError if the URL has another scheme, or is wrong in another way.
 */
export async function openStore(
  url: string,
  { s3RequestTimeoutMs = DEFAULTS.s3RequestTimeoutMs }: StoreOptions = {},
): Promise<ResultStore> {
  if (storeKindOf(url) === "directory") return new FileStore(directoryOf(url));
  // The AWS SDK takes 0.2 s to load: only users of S3 pay that.
  const { S3Store } = await import("./s3-store.ts");
  return new S3Store(url, s3RequestTimeoutMs);
}

/** @throws PermanentError if the URL of a place for results is wrong. */
export function storeKindOf(url: string): "directory" | "bucket" {
  if (hasScheme(url) && problemOfValue("results", url, SETTINGS.resultsUrl.schema).length > 0) throw wrongPlace(url);
  return url.startsWith("s3://") ? "bucket" : "directory";
}

/** The absolute path of `file:<directory>` or of a path. */
export function directoryOf(url: string): string {
  return url.startsWith("file://") ? pathOf(url) : resolve(url.replace(/^file:/, ""));
}

function pathOf(fileUrl: string): string {
  try {
    return fileURLToPath(fileUrl);
  } catch {
    // For example an encoded slash.
    throw wrongPlace(fileUrl);
  }
}

function wrongPlace(url: string): PermanentError {
  const allowed = "file:<directory>, a path, or s3://<bucket>/<prefix>";
  const fix = "use one of these, for example file:./results";
  return new PermanentError(describeProblem({ path: ["results"], allowed, got: show(url), fix }));
}
