import { execFile } from "node:child_process";

/** How a program ended; `missing` when there is none of that name. */
export type Ended =
  | { readonly outcome: "ended"; readonly status: number; readonly stdout: string; readonly stderr: string }
  | { readonly outcome: "missing" }
  | { readonly outcome: "timeout"; readonly seconds: number };

/** Runs a program and never throws. A program that hangs (a credential helper, a socket) must not hang the doctor. */
export function runProgram(
  file: string,
  args: readonly string[],
  { seconds = 20, env = process.env }: { readonly seconds?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((done) => {
    const options = { timeout: seconds * 1000, killSignal: "SIGKILL", maxBuffer: 64 * 1024 * 1024, env } as const;
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) return done({ outcome: "ended", status: 0, stdout, stderr });
      if (error.code === "ENOENT" || error.code === "EACCES") return done({ outcome: "missing" });
      if (error.killed) return done({ outcome: "timeout", seconds });
      done({ outcome: "ended", status: typeof error.code === "number" ? error.code : 1, stdout, stderr });
    });
    // Nobody answers a question that a program asks.
    child.stdin?.end();
  });
}

/** The first dotted version in a text. */
export function versionIn(text: string): string | undefined {
  return /\d+\.\d+\.\d+[\w.+-]*/.exec(text)?.[0];
}
