import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../support/answers.ts";
import { ToolError } from "../support/tool.ts";

export interface PortForwardOptions {
  /** Name of the cluster. */
  readonly cluster: string;
  /** Region of the cluster. */
  readonly region: string;
  readonly namespace: string;
  /** Name of the Service. Its port is 80. */
  readonly service: string;
  /** Port on this machine. */
  readonly port: number;
  /** Environment variables of the programs. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called when the port answers for the first time. */
  readonly onOpen: () => void;
  /** Called with the reason when the connection has broken. */
  readonly onBroken: (reason: string) => void;
  /** Seconds within which the AWS CLI must answer, and kubectl must forward connections. @default 60 */
  readonly seconds?: number;
  /** Longest wait before another attempt, in milliseconds. @default 10000 */
  readonly longestWaitMs?: number;
}

/** The end of a program. */
interface Ended {
  readonly succeeded: boolean;
  /** What it has written about its failure. */
  readonly reason: string;
  /** Whether it has forwarded connections before. */
  readonly wasOpen: boolean;
}

/**
 * Forwards a port of this machine to a service of a cluster until it is told to end. A connection that breaks, for example because its pod
 * was replaced, is made anew. The access to the cluster is written to a folder of its own, which goes with it, and not to the user's
 * kubeconfig.
 *
 * @throws ToolError if the first attempt fails.
 */
export async function forwardPort(options: PortForwardOptions): Promise<void> {
  const { cluster, region, namespace, service, port, signal, onOpen, onBroken, longestWaitMs = 10_000 } = options;
  const folder = mkdtempSync(join(tmpdir(), "evaluation-platform-ui-"));
  const kubeconfig = join(folder, "kubeconfig");
  try {
    const access = ["eks", "update-kubeconfig", "--region", region, "--name", cluster, "--kubeconfig", kubeconfig];
    const written = await run("aws", access, options);
    if (signal.aborted) return;
    if (!written.succeeded) throw new ToolError(`aws cannot reach the cluster ${cluster}: ${written.reason}`);
    const args = ["--kubeconfig", kubeconfig, "--namespace", namespace, "port-forward", `service/${service}`];
    let wasOpen = false;
    for (let waitMs = 500; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      const ended = await run("kubectl", [...args, `${port}:80`, "--address", "127.0.0.1"], options, () => {
        if (!wasOpen) onOpen();
        wasOpen = true;
      });
      if (signal.aborted) return;
      if (!wasOpen) throw new ToolError(`kubectl cannot forward port ${port}: ${ended.reason}`);
      onBroken(ended.reason);
      if (ended.wasOpen) waitMs = Math.min(500, longestWaitMs);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program until it ends, or until it has said nothing in time. @param onOpen called when it says that it forwards connections. */
function run(
  program: string,
  args: readonly string[],
  options: PortForwardOptions,
  onOpen?: () => void,
): Promise<Ended> {
  return new Promise<Ended>((done) => {
    const { env, signal, seconds = 60 } = options;
    const child = spawn(program, args, { env, signal, stdio: ["ignore", "pipe", "pipe"] });
    let wasOpen = false;
    let errors = "";
    child.stdout.on("data", (chunk) => {
      if (wasOpen || !String(chunk).includes("Forwarding from")) return;
      wasOpen = true;
      clearTimeout(timer);
      onOpen?.();
    });
    const timer = setTimeout(() => {
      done({ succeeded: false, reason: `${program} gave no answer in ${seconds} s`, wasOpen });
      child.kill("SIGKILL");
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
    }, seconds * 1000);
    child.stderr.on("data", (chunk) => {
      errors = `${errors}${chunk}`.slice(-2000);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      // An aborted program still has to end.
      if (error.name === "AbortError") return;
      clearTimeout(timer);
      const isMissing = error.code === "ENOENT" || error.code === "EACCES";
      const reason = isMissing ? `install it, because ${program} is not on PATH` : error.message;
      done({ succeeded: false, reason, wasOpen });
    });
    child.on("close", (code, killedBy) => {
      clearTimeout(timer);
      const reason = printable(errors) || `${program} ended with ${killedBy ?? code}`;
      done({ succeeded: code === 0, reason, wasOpen });
    });
  }).catch(({ message }: Error) => {
    // A program of another processor, for example.
    return { succeeded: false, reason: `${program} cannot be started: ${message}`, wasOpen: false };
  });
}
