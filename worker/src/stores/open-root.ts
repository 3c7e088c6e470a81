import { readdirSync } from "node:fs";
import { join } from "node:path";
import { explainFileError } from "../contract/errors.ts";
import { FileStore } from "./file-store.ts";
import { directoryOf, type StoreOptions, storeKindOf } from "./open.ts";
import type { ResultsRoot } from "./results-root.ts";
import type { ResultStore } from "./store.ts";

/**
 * Opens the place of all results. Nothing is read yet, and the stores in it share their connections.
 *
 * @param url `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws PermanentError if the URL has another scheme, or is wrong in another way.
 */
export async function openRoot(url: string, options: StoreOptions = {}): Promise<ResultsRoot> {
  if (storeKindOf(url) === "directory") return new DirectoryRoot(directoryOf(url));
  const { S3Root } = await import("./s3-root.ts");
  return new S3Root(url, options);
}

class DirectoryRoot implements ResultsRoot {
  readonly url: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.url = `file:${directory}`;
  }

  async names(folder: string): Promise<string[]> {
    const path = join(this.#directory, folder);
    try {
      const entries = readdirSync(path, { withFileTypes: true });
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    } catch (error) {
      // The first run makes the folder.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw explainFileError(error, path);
    }
  }

  store(folder: string): ResultStore {
    return new FileStore(join(this.#directory, folder));
  }

  async check(): Promise<void> {
    await this.names("");
  }
}
