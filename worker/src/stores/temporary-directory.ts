import { mkdtempSync, rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainFileError } from "../contract/errors.ts";
import { isLeftBehind, processDirectoryPrefix } from "../contract/process-directories.ts";

const program = "sweep";
const directories = new Set<string>();

/**
 * Creates a directory that is removed when this process exits. A process that was killed leaves its directories behind: the next
 * process that needs one removes them.
 */
export function temporaryDirectory(): string {
  try {
    const directory = mkdtempSync(join(tmpdir(), processDirectoryPrefix(program)));
    if (directories.size === 0) {
      // One listener for all directories: Node.js warns about the eleventh.
      process.on("exit", removeAll);
      // Nothing depends on it. It fails for example if two processes remove the same directory.
      removeLeftBehind(tmpdir()).catch(() => {});
    }
    directories.add(directory);
    return directory;
  } catch (error) {
    throw explainFileError(error, `${tmpdir()} (temporary files, see TMPDIR)`);
  }
}

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

/** Removes the directories of this user's processes that have ended. */
async function removeLeftBehind(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!isLeftBehind(name, program)) continue;
    const path = join(parent, name);
    const stats = await lstat(path);
    if (stats.isDirectory() && stats.uid === (process.getuid?.() ?? stats.uid)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
