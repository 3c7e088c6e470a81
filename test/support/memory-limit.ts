import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOTS = [
  { folder: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", kills: "memory.oom_control" },
  { folder: "/sys/fs/cgroup", limit: "memory.max", kills: "memory.events" },
] as const;

/** A control group of the kernel with a memory limit, like that of a container. */
export class MemoryGroup {
  readonly #folder: string;
  readonly #root: (typeof ROOTS)[number];

  private constructor(root: (typeof ROOTS)[number], folder: string) {
    this.#root = root;
    this.#folder = folder;
  }

  /** A new group, or undefined where this user may make none, or the kernel counts no memory. */
  static make(): MemoryGroup | undefined {
    for (const root of ROOTS) {
      const folder = join(root.folder, `sweep-test-${process.pid}`);
      try {
        mkdirSync(folder);
        if (existsSync(join(folder, root.limit))) return new MemoryGroup(root, folder);
        rmdirSync(folder);
      } catch {
        // No such root, or no right to it.
      }
    }
    return undefined;
  }

  /** Words before a command line that start it in the group, with this limit for all programs of the group together. */
  prefix(limitMiB: number): string[] {
    writeFileSync(join(this.#folder, this.#root.limit), String(limitMiB * 1024 ** 2));
    return ["/bin/sh", "-c", `echo $$ > ${this.#folder}/cgroup.procs && exec "$@"`, "sh"];
  }

  /** The number of processes that the kernel has killed since the group was made. */
  get kills(): number {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(this.#folder, this.#root.kills), "utf8"))?.[1]);
  }

  remove(): void {
    rmdirSync(this.#folder);
  }
}
