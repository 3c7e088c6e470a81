import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
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
      await setTimeout(waitMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program until it ends. @param onOpen called when it says that it forwards connections. */
function run(
  program: string,
  args: readonly string[],
  options: PortForwardOptions,
  onOpen?: () => void,
): Promise<Ended> {
  return new Promise((done) => {
    const { env, signal } = options;
    const child = spawn(program, args, { env, signal, stdio: ["ignore", "pipe", "pipe"] });
    let wasOpen = false;
    let errors = "";
    child.stdout.on("data", (chunk) => {
      if (wasOpen || !String(chunk).includes("Forwarding from")) return;
      wasOpen = true;
      onOpen?.();
    });
    child.stderr.on("data", (chunk) => {
      errors = `${errors}${chunk}`.slice(-2000);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      // An aborted program still has to end.
      if (error.name === "AbortError") return;
      const reason = error.code === "ENOENT" ? `install it, because ${program} is not on PATH` : error.message;
      done({ succeeded: false, reason, wasOpen });
    });
    child.on("close", (code) => {
      const reason = errors.trim().replace(/\s+/g, " ") || `${program} ended with ${code}`;
      done({ succeeded: code === 0, reason, wasOpen });
    });
  });
}
