import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Starts a shell script that outlives this process. Its standard input is a pipe, which the kernel closes when this process ends, even
 * by SIGKILL.
 * @param argument `$1` of the script. @returns the writing end of the pipe.
 */
export function startGuardian(script: string, argument: string): Socket {
  // A session of its own: Ctrl-C in a terminal must not reach it.
  const child = spawn("/bin/sh", ["-c", `trap '' INT TERM HUP\n${script}`, "guardian", argument], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.on("error", () => {});
  child.unref();
  const pipe = child.stdin as Socket;
  pipe.on("error", () => {});
  pipe.unref();
  return pipe;
}
