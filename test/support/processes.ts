import { existsSync, readFileSync } from "node:fs";

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
