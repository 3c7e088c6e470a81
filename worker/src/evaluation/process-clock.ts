import { openSync, readFileSync, readSync } from "node:fs";
import type { ComputingTime } from "../stores/store.ts";

/** One line of /proc/<pid>/schedstat: nanoseconds on a CPU, nanoseconds in the queue for one, turns. */
const LINE_BYTES = 128;

/**
 * Measures what a stretch of work costs: by the clock, on the CPU, and in the queue for a CPU.
 *
 * The time in the queue is known on Linux only. It separates a busy machine, which is no property of the evaluation, from waiting
 * for a sleep or an answer, which is: both look the same to a comparison of clock and CPU. It counts the main thread and the
 * programs that this process has started. A start and a stop cost 20 us, most of it outside of the measured stretch.
 *
 * @see https://docs.kernel.org/scheduler/sched-stats.html
 */
export class ProcessClock {
  readonly #schedstat = openSchedstat();
  readonly #line = Buffer.alloc(LINE_BYTES);

  /** @returns the times since this call. */
  start(): () => ComputingTime {
    const programs = this.#programs();
    const queued = this.#queuedSeconds();
    const cpu = process.cpuUsage();
    const wall = performance.now();
    return () => {
      const wallSeconds = (performance.now() - wall) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const own = queued === undefined ? undefined : (this.#queuedSeconds() as number) - queued;
      const others = this.#programs();
      return {
        wallSeconds,
        // A program that has ended meanwhile is missing from the second sum.
        cpuSeconds: (user + system) / 1e6 + Math.max(0, others.cpuSeconds - programs.cpuSeconds),
        queuedSeconds: own === undefined ? undefined : own + Math.max(0, others.queuedSeconds - programs.queuedSeconds),
      };
    };
  }

  #queuedSeconds(): number | undefined {
    if (this.#schedstat === undefined) return undefined;
    const bytes = readSync(this.#schedstat, this.#line, 0, LINE_BYTES, 0);
    return parseSchedstat(this.#line.toString("latin1", 0, bytes)).queuedSeconds;
  }

  #programs(): ProgramTimes {
    const sum = { cpuSeconds: 0, queuedSeconds: 0 };
    if (this.#schedstat !== undefined) addPrograms(process.pid, sum);
    return sum;
  }
}

interface ProgramTimes {
  cpuSeconds: number;
  queuedSeconds: number;
}

function openSchedstat(): number | undefined {
  try {
    return openSync("/proc/self/schedstat", "r");
  } catch {
    // Not Linux, or a kernel without these counters.
    return undefined;
  }
}

/** Adds the times of all programs below a process. A program may end at any moment. */
function addPrograms(parent: number, sum: ProgramTimes): void {
  const children = read(`/proc/${parent}/task/${parent}/children`);
  for (const child of children.split(" ").filter((word) => word.trim() !== "")) {
    const { cpuSeconds, queuedSeconds } = parseSchedstat(read(`/proc/${child}/schedstat`));
    sum.cpuSeconds += cpuSeconds;
    sum.queuedSeconds += queuedSeconds;
    addPrograms(Number(child), sum);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function parseSchedstat(line: string): ProgramTimes {
  const [cpu = 0, queued = 0] = line.split(" ").map(Number);
  return { cpuSeconds: cpu / 1e9, queuedSeconds: queued / 1e9 };
}
