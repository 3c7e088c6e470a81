import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { descendantsOf } from "../../support/processes.ts";

/** How a container has ended, as its runtime reports it. */
export interface Ending {
  readonly exitCode: number;
  readonly reason: "Completed" | "Error" | "OOMKilled";
}

export interface ContainerOptions {
  /** The file and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Most memory of all processes together. @default no limit */
  readonly memoryLimitBytes?: number | undefined;
}

/** How often the memory of a container is measured, in milliseconds. */
const MEASURE_EVERY_MS = 100;

/**
 * The container of a pod, as a process of this machine with its descendants. Unlike a real one it has the machine's file systems,
 * network and users, and its CPU has no limit.
 */
export class Container {
  readonly startedAt = new Date();
  /** Resolves when the first process has ended, and with it the container. */
  readonly ended: Promise<Ending>;
  private readonly process: ChildProcess;
  private text = "";
  private isOutOfMemory = false;

  constructor({ command: [file = "", ...args], environment, directory, memoryLimitBytes }: ContainerOptions) {
    // In a group of its own: Ctrl-C in a terminal ends Jest, and not the container before it.
    const place = { cwd: directory, env: environment, detached: true };
    this.process = spawn(file, args, { ...place, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk) => {
        this.text += chunk;
      });
    }
    reaper().stdin?.write(`+${this.process.pid}\n`);
    const timer = setInterval(() => this.limitMemory(memoryLimitBytes), MEASURE_EVERY_MS);
    this.ended = this.awaitEnd().finally(() => {
      clearInterval(timer);
      reaper().stdin?.write(`-${this.process.pid}\n`);
    });
  }

  /** All that it has written so far, as `kubectl logs` shows it. */
  get log(): string {
    return this.text;
  }

  /** SIGTERM to the first process alone, and SIGKILL to all processes if it still runs after the grace period. */
  async stop(graceMs: number): Promise<void> {
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** SIGKILL to all processes at once. */
  kill(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  private async awaitEnd(): Promise<Ending> {
    // Not "exit": the last words of a process are a part of its log.
    const [code, signal] = await once(this.process, "close");
    const exitCode = code ?? 128 + constants.signals[signal as NodeJS.Signals];
    return { exitCode, reason: this.isOutOfMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error" };
  }

  /**
   * The kernel ends all processes of a container together when they need more memory than the limit (`memory.oom.group`).
   * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/kubelet/kuberuntime/kuberuntime_container_linux.go
   */
  private limitMemory(limitBytes = Number.POSITIVE_INFINITY): void {
    if (this.processes().reduce((sum, pid) => sum + memoryOf(pid), 0) <= limitBytes) return;
    this.isOutOfMemory = true;
    this.kill();
  }

  private processes(): number[] {
    const { pid, exitCode, signalCode } = this.process;
    const isRunning = exitCode === null && signalCode === null;
    // The number of a process that has ended may be another's.
    return pid === undefined || !isRunning ? [] : [pid, ...descendantsOf(pid)];
  }
}

let started: ChildProcess | undefined;

/** One program for all containers of this process, which ends them if it does not live to do so. */
function reaper(): ChildProcess {
  if (started === undefined) {
    started = spawn(process.execPath, [join(__dirname, "reaper.mjs")], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    // It does not keep Jest from ending.
    started.unref();
    (started.stdin as unknown as { unref(): void }).unref();
  }
  return started;
}

/** Memory that belongs to a process, in bytes. Pages of files do not count: the kernel takes them back when memory runs out. */
function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kibibytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+)/gm)].map(([, amount]) => Number(amount));
    return kibibytes.reduce((sum, amount) => sum + amount, 0) * 1024;
  } catch {
    return 0;
  }
}
