import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import { startGuardian } from "./guardian.ts";
import { privateFolder, privateFolderPrefix, removePrivateFolders } from "./private-folder.ts";
import { type TerraformResult, terraformProgram, terraformVariables } from "./terraform.ts";
import { ToolError } from "./tool.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** So long an interrupted Terraform may take to end its providers. Then both are killed. */
const graceSeconds = 10;

/**
 * When this process has ended, the guardian interrupts Terraform and removes the private folders. The last line that it reads has the
 * ids of the processes that still run, each the leader of a group.
 */
const guardian = `pids=
while IFS= read -r line; do pids=$line; done
for pid in $pids; do kill -INT "$pid" 2>/dev/null; done
rm -rf -- "$1"*
seconds=0
while [ "$seconds" -lt ${graceSeconds} ]; do
  running=
  for pid in $pids; do kill -0 "$pid" 2>/dev/null && running=1; done
  [ -z "$running" ] && break
  sleep 1
  seconds=$((seconds + 1))
done
for pid in $pids; do kill -KILL "-$pid" 2>/dev/null; done
rm -rf -- "$1"*`;

/**
 * The Terraform processes of one command that only reads, and a private folder for their plans. Both end with this process, whatever
 * ends it.
 *
 * A deploy must not be ended this way, because it would lose what it makes: see `TerraformRun`.
 */
export class TerraformSession {
  /** Where the plans belong. */
  readonly folder = privateFolder();
  readonly #running = new Set<ChildProcess>();
  readonly #guardian: Socket;
  #ended = false;

  constructor() {
    this.#guardian = startGuardian(guardian, privateFolderPrefix);
    for (const signal of signals) process.once(signal, this.#stop);
  }

  /** Runs Terraform in the folder of a stack, with the caller's credentials. */
  run(folder: string, ...args: readonly string[]): Promise<TerraformResult> {
    // The command is being ended, so this one has no result either.
    if (this.#ended) return new Promise(() => {});
    const program = terraformProgram();
    const child = spawn(program, args, {
      cwd: folder,
      // Ctrl-C reaches this process alone, which passes one interrupt on. A second would end Terraform without its providers.
      detached: true,
      env: terraformVariables(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.add(child);
    this.#tellGuardian();
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk) => stdout.push(chunk));
    child.stderr.on("data", (chunk) => stderr.push(chunk));
    const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString();
    return new Promise((finished, failed) => {
      const gone = () => {
        this.#running.delete(child);
        this.#tellGuardian();
        return !this.#ended;
      };
      child.on("error", (error) => {
        gone();
        const reason = existsSync(folder) ? `cannot start ${program}: ${error.message}` : `there is no ${folder}`;
        failed(new ToolError(reason));
      });
      // An interrupted command has no result.
      child.on("close", (status) => gone() && finished({ status, stdout: text(stdout), stderr: text(stderr) }));
    });
  }

  /** Ends what still runs, and removes the plans. */
  async close(): Promise<void> {
    this.#ended = true;
    for (const signal of signals) process.off(signal, this.#stop);
    await this.#end();
  }

  readonly #stop = async (signal: NodeJS.Signals) => {
    this.#ended = true;
    // Another signal must not end this process before Terraform.
    for (const one of signals) process.on(one, () => {});
    process.stderr.write(`\n${signal}: Terraform is interrupted; nothing was changed, and no plan is kept\n`);
    await this.#end();
    process.exit(128 + constants.signals[signal]);
  };

  async #end(): Promise<void> {
    for (const child of this.#running) child.kill("SIGINT");
    removePrivateFolders();
    for (let tenths = 0; tenths < graceSeconds * 10 && this.#running.size > 0; tenths++) await setTimeout(100);
    for (const { pid } of this.#running) if (pid !== undefined) killGroup(pid);
    removePrivateFolders();
    this.#guardian.end();
  }

  #tellGuardian(): void {
    this.#guardian.write(`${[...this.#running].map(({ pid }) => pid).join(" ")}\n`);
  }
}

let session: TerraformSession | undefined;

/** The session of this process. */
export function terraformSession(): TerraformSession {
  session ??= new TerraformSession();
  return session;
}

/** Ends the session of this process, if there is one. */
export async function endTerraformSession(): Promise<void> {
  await session?.close();
  session = undefined;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
