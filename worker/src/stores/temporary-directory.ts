import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainFileError } from "../contract/errors.ts";

const directories = new Set<string>();

/** Creates a directory that is removed when this process exits. */
export function temporaryDirectory(): string {
  try {
    const directory = mkdtempSync(join(tmpdir(), "sweep-"));
    // One listener for all directories: Node.js warns about the eleventh.
    if (directories.size === 0) process.on("exit", removeAll);
    directories.add(directory);
    return directory;
  } catch (error) {
    throw explainFileError(error, `${tmpdir()} (temporary files, see TMPDIR)`);
  }
}

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
