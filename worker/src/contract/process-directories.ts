import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * The beginning of the name of a temporary directory, which tells whose it is: a process that was killed leaves its directories behind,
 * and a later one can remove them.
 */
export function processDirectoryPrefix(program: string): string {
  return `${program}-${process.pid}-${processSpace()}-`;
}

/** Whether a name is that of a directory of the program ({@link processDirectoryPrefix}) whose process is gone. */
export function isLeftBehind(name: string, program: string): boolean {
  const [, pid] = new RegExp(`^${program}-(\\d+)-${processSpace()}-\\w+$`).exec(name) ?? [];
  return pid !== undefined && !isRunning(Number(pid));
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
