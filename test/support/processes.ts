import { existsSync, readdirSync, readFileSync } from "node:fs";

/**
 * Whether a process of this number runs. An ended process is a zombie until its parent has heard of it, and an orphan's parent is
 * process 1: in many containers that one never listens.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // macOS has no such file, and its process 1 listens.
  if (!existsSync("/proc/self/status")) return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // It ended meanwhile.
    return false;
  }
}

/** The processes that a process has started and that are not gone. Linux alone lists them: elsewhere there are none. */
export function childrenOf(pid: number): number[] {
  return tasksOf(pid).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    } catch {
      // The thread has ended meanwhile, and the process with its other children may go on.
      return [];
    }
  });
}

/** The same with the processes that these have started, and so on. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process has ended meanwhile.
    return [];
  }
}
