import { readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";

const MiB = 1024 ** 2;
/** Memory of the container that no process shows, such as page tables and sockets, and the growth between two looks. */
const MARGIN = { bytes: 16 * MiB, share: 0.04 };
/** The growth to expect, in bytes in a millisecond: a core fills new pages at one to four GB in a second. */
const FASTEST_GROWTH = 4 * MiB;
/** The least and the most time between two looks, in milliseconds. */
const LOOK = { least: 1, most: 250 } as const;
/** A look may take this part of the time, and so may the search for the members of the group. Each takes a tenth of a millisecond in a pod. */
const SHARE_OF_TIME = { look: 0.2, search: 0.02 } as const;
/** The supervisor with the S3 client and blocks in flight, and the memory of a Node.js process outside of V8's old generation. */
const NEEDS_MIB = { supervisor: 64, outsideOfHeap: 40, leastHeap: 32 } as const;

/** The memory limit of this process's container in MiB, or undefined if there is none. */
export function containerMemoryMiB(): number | undefined {
  const bytes = process.constrainedMemory();
  // Without a limit, the kernel says a number beyond all memory.
  return bytes > 0 && bytes < totalmem() ? bytes / MiB : undefined;
}

/**
 * Options of Node.js for an evaluation that shares `memoryLimitMiB` with its supervisor. V8's own default does not know the
 * supervisor: in a container of 256 MiB it is 259 MiB, and the kernel kills both before V8 gives up.
 *
 * @param environment a heap size in `NODE_OPTIONS` wins.
 */
export function heapOptions(memoryLimitMiB: number | undefined, environment = process.env): string[] {
  if (memoryLimitMiB === undefined || /max[-_]old[-_]space[-_]size/.test(environment.NODE_OPTIONS ?? "")) return [];
  const { supervisor, outsideOfHeap, leastHeap } = NEEDS_MIB;
  return [`--max-old-space-size=${Math.floor(Math.max(leastHeap, memoryLimitMiB - supervisor - outsideOfHeap))}`];
}

/**
 * Watches the memory of an evaluation's process group: JavaScript's heap, buffers, native libraries and programs. The kernel of a
 * container ends all of its processes when memory runs out (`memory.oom.group`, which Kubernetes sets since 1.28), so the
 * supervisor must end the evaluation first.
 *
 * The nearer the limit, the more often it looks: every quarter of a second while there is room, every millisecond at the limit.
 */
export class MemoryWatch {
  readonly #group: number;
  readonly #limitBytes: number;
  readonly #onExceeded: () => void;
  #timer: NodeJS.Timeout;
  #members: readonly number[];
  #membersAt = 0;
  #membersTook = 0;

  /**
   * @param group the number of the process group.
   * @param limitMiB the most memory of the group and this process together.
   * @param onExceeded called once, when the limit is near.
   */
  constructor(group: number, limitMiB: number, onExceeded: () => void) {
    this.#group = group;
    this.#members = [group];
    this.#limitBytes = limitMiB * MiB * (1 - MARGIN.share) - MARGIN.bytes;
    this.#onExceeded = onExceeded;
    this.#timer = setTimeout(() => this.#look(), LOOK.least).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** MiB of the group without this process, as counted for the last time. */
  get groupMiB(): number {
    return this.#members.reduce((sum, pid) => sum + residentBytes(pid), 0) / MiB;
  }

  #look(): void {
    this.#findMembers();
    const before = performance.now();
    let room = this.#limitBytes - this.#used(residentBytes);
    // Processes of a group share pages, which were counted for each of them. The exact number takes milliseconds.
    if (room < 0) room = this.#limitBytes - this.#used(proportionalBytes);
    if (room < 0) {
      this.#onExceeded();
      return;
    }
    const took = performance.now() - before;
    const inMs = Math.max(LOOK.least, took / SHARE_OF_TIME.look, Math.min(LOOK.most, room / FASTEST_GROWTH));
    this.#timer = setTimeout(() => this.#look(), inMs).unref();
  }

  #used(bytesOf: (pid: number | "self") => number): number {
    return this.#members.reduce((sum, pid) => sum + bytesOf(pid), bytesOf("self"));
  }

  /** A machine with thousands of processes has its members counted less often than a pod. */
  #findMembers(): void {
    const now = performance.now();
    if (now - this.#membersAt < this.#membersTook / SHARE_OF_TIME.search) return;
    this.#members = membersOf(this.#group) ?? this.#members;
    this.#membersAt = now;
    this.#membersTook = performance.now() - now;
  }
}

/** The processes of a group; undefined if they cannot be listed, for example without a free file descriptor. */
function membersOf(group: number): number[] | undefined {
  const isMember = (pid: string) => {
    // "<pid> (<name>) <state> <parent> <group> ...". The name may hold anything.
    const stat = textOf(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")")).split(" ")[3]) === group;
  };
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && isMember(name))
      .map(Number);
  } catch {
    return undefined;
  }
}

/** Memory that belongs to a process. Pages of files do not count: the kernel takes them back when memory runs out. */
function residentBytes(pid: number | "self"): number {
  return kibibytes(textOf(`/proc/${pid}/status`), /^Rss(?:Anon|Shmem):\s+(\d+)/gm);
}

/** The same, with each shared page divided by the number of its processes. */
function proportionalBytes(pid: number | "self"): number {
  const rollup = textOf(`/proc/${pid}/smaps_rollup`);
  return rollup === "" ? residentBytes(pid) : kibibytes(rollup, /^Pss_(?:Anon|Shmem):\s+(\d+)/gm);
}

function kibibytes(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const [, amount] of text.matchAll(pattern)) sum += Number(amount) * 1024;
  return sum;
}

/** The content of a file, or nothing if its process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
