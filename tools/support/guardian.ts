import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Starts a script of a shell that outlives this process. It reads a pipe, which the kernel closes whatever ends this process, even
 * SIGKILL.
 * @param argument `$1` of the script. @returns the end of the pipe that this process writes.
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
