import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLeftBehind, processDirectoryPrefix } from "sweep-worker/contract";
import { startGuardian } from "./guardian.ts";

const program = "platform-plans";

/** The beginning of the paths of this process's folders. */
export const privateFolderPrefix = join(tmpdir(), processDirectoryPrefix(program));

/** The folders of this process. */
const folders = new Set<string>();

/**
 * Makes a folder of the temporary directory that only its owner can read. It is for plan files, which hold every value in clear, even
 * sensitive ones.
 *
 * The folder is removed when the process ends, also by a signal. SIGKILL and a power failure leave it behind. Therefore each call first
 * removes the folders of processes that are gone.
 */
export function privateFolder(): string {
  for (const name of readdirSync(tmpdir())) {
    if (isLeftBehind(name, program)) remove(join(tmpdir(), name));
  }
  // mkdtemp makes it with mode 0700.
  const folder = mkdtempSync(privateFolderPrefix);
  if (folders.size === 0) removeAtTheEnd();
  folders.add(folder);
  return folder;
}

/** A private folder that goes after SIGKILL, too. `TerraformSession` has a guardian of its own, and needs only {@link privateFolder}. */
export function guardedPrivateFolder(): string {
  const folder = privateFolder();
  startGuardian('while IFS= read -r line; do :; done\nrm -rf -- "$1"', folder);
  return folder;
}

/** Removes the folders of this process before its end. */
export function removePrivateFolders(): void {
  for (const folder of folders) remove(folder);
}

function removeAtTheEnd(): void {
  process.once("exit", removePrivateFolders);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      // Another listener, such as that of a deploy, lets the process go on to its exit.
      if (process.listenerCount(signal) > 0) return;
      removePrivateFolders();
      process.kill(process.pid, signal);
    });
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's folder, whose files nobody else can read.
  }
}
