import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Finished, startProgram } from "./sweep.ts";

const repository = resolve(__dirname, "../..");

/** Executors whose leases are as short as a test needs. Each is started again when it ends, as by a Deployment, until {@link stop}. */
export class ShortLeaseExecutors {
  /** Everything that has ended. */
  readonly ended: Finished[] = [];
  readonly #program: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #running: { readonly child: { kill(signal: NodeJS.Signals): boolean }; readonly ended: Promise<void> }[] =
    [];
  #isStopping = false;

  /** @param directory a temporary one. */
  constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#env = env;
    // The program finds the evaluation process at ../dist, as the worker's own bundle does.
    const folder = join(directory, "program");
    mkdirSync(folder, { recursive: true });
    this.#program = join(folder, "executor.mjs");
    symlinkSync(join(repository, "worker/dist"), join(directory, "dist"));
    execFileSync(join(repository, "node_modules/.bin/esbuild"), [
      join(__dirname, "executor-program.ts"),
      "--bundle",
      "--platform=node",
      "--format=esm",
      "--external:esbuild",
      '--banner:js=import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      "--log-level=warning",
      `--outfile=${this.#program}`,
    ]);
  }

  start(count: number): void {
    for (let index = 0; index < count; index++) this.#start(index);
  }

  kill(index: number, signal: NodeJS.Signals): void {
    this.#running[index]?.child.kill(signal);
  }

  /** Ends all with SIGTERM. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { child } of this.#running) child.kill("SIGTERM");
    await Promise.all(this.#running.map(({ ended }) => ended));
  }

  #start(index: number): void {
    const { child, finished } = startProgram([process.execPath, this.#program], { env: this.#env });
    const ended = finished.then((end) => {
      this.ended.push(end);
      if (!this.#isStopping) this.#start(index);
    });
    this.#running[index] = { child, ended };
  }
}
