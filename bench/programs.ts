import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/** How a program ended. */
export interface Finished {
  readonly code: number | null;
  /** Its standard output and standard error. */
  readonly output: string;
  readonly errors: string;
  /** From before its start until its exit. */
  readonly milliseconds: number;
  /** Its exit, by the clock of `performance.now`. */
  readonly exitedAt: number;
}

/** A running program. */
export interface Running {
  readonly finished: Promise<Finished>;
  /** The first line of standard output for which `isWanted`. Rejects if the program ends before. */
  readonly line: (isWanted: (line: string) => boolean) => Promise<string>;
  /** Sends SIGTERM. @returns whether the program was still running. */
  readonly terminate: () => boolean;
}

/** Nothing may outlive the benchmark. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  // On SIGTERM, a worker ends its evaluation process too.
  for (const child of running) child.kill("SIGTERM");
});

/** Starts a program without inherited environment variables that could configure a worker. */
export function startProgram(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Running {
  const { PATH, HOME, TMPDIR } = process.env;
  const startedAt = performance.now();
  const child = spawn(command, args, {
    env: { PATH, HOME, TMPDIR, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  let errors = "";
  let exitedAt = 0;
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => {
      exitedAt = performance.now();
      running.delete(child);
    });
    // "close" comes after "exit", when the last output has arrived too.
    child.on("close", (code) => resolve({ code, output, errors, milliseconds: exitedAt - startedAt, exitedAt }));
  });
  const line = (isWanted: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = output.split("\n").slice(0, -1).find(isWanted);
        if (found === undefined) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      look();
      finished.then(() => reject(new Error(`${command} ended too early:\n${output}${errors}`)), reject);
    });
  return { finished, line, terminate: () => child.kill("SIGTERM") };
}

/** @throws Error if the exit code is not 0. */
export async function runProgram(
  command: string,
  args: readonly string[],
  variables?: Readonly<Record<string, string>>,
): Promise<Finished> {
  const finished = await startProgram(command, args, variables).finished;
  if (finished.code === 0) return finished;
  const { code, output, errors } = finished;
  throw new Error(`${[command, ...args].join(" ")} ended with exit code ${code}:\n${output}${errors}`);
}

/** Runs a script that measures itself, without its start, and prints the milliseconds last. */
export async function timedBy(command: string, args: readonly string[]): Promise<number> {
  const { output } = await runProgram(command, args);
  const milliseconds = Number(output.trimEnd().split("\n").at(-1));
  if (!(milliseconds > 0)) throw new Error(`${[command, ...args].join(" ")} printed no time:\n${output}`);
  return milliseconds;
}

export function isOnPath(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}
