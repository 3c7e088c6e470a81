import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * The beginning of the names of this process's temporary directories. It names the process, so that a later one can remove them if this
 * one is killed.
 */
export function processDirectoryPrefix(program: string): string {
  return `${program}-${process.pid}-${processSpace()}-`;
}

/** Whether a name is that of a directory of the program ({@link processDirectoryPrefix}) whose process is gone. */
export function isLeftBehind(name: string, program: string): boolean {
  const [, pid] = new RegExp(`^${program}-(\\d+)-${processSpace()}-\\w+$`).exec(name) ?? [];
  return pid !== undefined && !isRunning(Number(pid));
}

/** Whether there is a process of this number. It may be another one that got the number later: that only delays the removal. */
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
 * Names the processes among which a process number is unique: those of one boot of a kernel, in one PID namespace. Containers and
 * machines may share a folder for temporary files, and a number in one says nothing about the processes of another.
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
    // Without /proc the space is unknown. A name that no other process makes keeps all of them from removing these directories.
    return `${hostname()} ${process.pid} ${Date.now()}`;
  }
}
