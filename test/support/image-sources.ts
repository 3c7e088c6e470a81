import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { imageSources } from "../../constructs/workload/image-content.ts";

export const repository = join(__dirname, "../..");

/** A copy of the sources of the worker's image for each test, which may change it. */
export function copiedImageSources() {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "image-sources-"));
    for (const source of [...imageSources, "package-lock.json"]) {
      mkdirSync(dirname(join(directory, source)), { recursive: true });
      cpSync(join(repository, source), join(directory, source), { recursive: true });
    }
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  return {
    get directory() {
      return directory;
    },
    write(path: string, change: (text: string) => string): void {
      writeFileSync(join(directory, path), change(readFileSync(join(directory, path), "utf8")));
    },
  };
}
