import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { explainFileError } from "../contract/errors.ts";

const directories = new Set<string>();

/**
 * Creates a directory that is removed when this process exits. A process that was killed leaves its directories behind: the next
 * process that needs one removes them.
 */
export function temporaryDirectory(): string {
  try {
    const directory = mkdtempSync(join(tmpdir(), `sweep-${process.pid}-${processSpace()}-`));
    if (directories.size === 0) {
      // One listener for all directories: Node.js warns about the eleventh.
      process.on("exit", removeAll);
      // Nobody waits for it. It fails for example if two processes remove the same directory.
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
  const ours = new RegExp(`^sweep-(\\d+)-${processSpace()}-\\w+$`);
  for (const name of await readdir(parent)) {
    const [, pid] = ours.exec(name) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(parent, name);
    const stats = await lstat(path);
    if (stats.isDirectory() && stats.uid === (process.getuid?.() ?? stats.uid)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Whether there is a process of this number. Another program may have got the number meanwhile, which only delays the removal. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it belongs to another user.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

let space: string | undefined;

/**
 * Names the processes among which a process number is unique: those of one start of one kernel, in one PID namespace. Containers and
 * machines may share a folder for temporary files, and a number of one says nothing about the processes of another.
 */
function processSpace(): string {
  space ??= createHash("sha256")
    .update(process.platform === "linux" ? linuxProcessSpace() : hostname())
    .digest("hex")
    .slice(0, 8);
  return space;
}

function linuxProcessSpace(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8") + readlinkSync("/proc/self/ns/pid");
  } catch {
    // Without /proc nothing tells this process's space from others: a number that nobody else has leaves its directories to a person.
    return `${hostname()} ${process.pid} ${Date.now()}`;
  }
}
