import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { terraformProgram, terraformVariables } from "../support/terraform.ts";
import { ToolError } from "../support/tool.ts";

/** A signal ended the command. Its exit code is that of a shell's command. */
class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals, message: string) {
    super(message);
    this.exitCode = 128 + constants.signals[signal];
  }
}

interface RunOptions {
  /** The first signal lets Terraform complete this command. */
  readonly completes?: boolean;
  /** Returns standard output and does not print it. */
  readonly captures?: boolean;
  /** Returns standard error, which is printed all the same. */
  readonly keepsErrors?: boolean;
}

/** One key press arrives several times: from the terminal, and from npm, which passes it on. */
const samePressMilliseconds = 1000;

/**
 * Runs Terraform so that no signal ends it before its state is saved and unlocked.
 *
 * Terraform needs one interrupt for that; a second ends it at once, and whatever it makes is lost to its state. In a terminal
 * Ctrl-C reaches the whole foreground group: npm, this process, Terraform and its providers. So Terraform gets a session of its own,
 * and this process alone decides about its interrupts.
 *
 * Even one interrupt does harm: the AWS provider then gives up waiting ("context canceled"), and Terraform marks the cluster or the
 * add-on that is being created as tainted. The next deploy wants to replace it, creates the new one first (`create_before_destroy`
 * of the node groups extends to all that they stand on), and fails, because the name is taken. So the first signal during
 * a deploy interrupts nothing.
 */
export class TerraformRun {
  #signal: NodeJS.Signals | undefined;
  #lastSignal = Number.NEGATIVE_INFINITY;
  #interrupts = 0;
  #running: { readonly child: ChildProcess; readonly what: string; readonly completes: boolean } | undefined;
  readonly #stopped = new AbortController();

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => this.#receive(signal));
    // Terraform must go on where nobody reads any more: after SIGHUP, or when Ctrl-C has ended `tee`.
    for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners("error").on("error", () => {});
  }

  /** Is aborted by the first signal, for anything that waits for the user. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** @throws InterruptedError if a signal came, whatever Terraform made of it. */
  throwIfStopped(message: string): void {
    if (this.#signal !== undefined) throw new InterruptedError(this.#signal, message);
  }

  /** Runs a command in the folder of a stack, with the caller's credentials, and prints what Terraform prints while it prints it. */
  async run(
    stack: { readonly id: string; readonly folder: string },
    [command = "", ...rest]: readonly string[],
    { completes = false, captures = false, keepsErrors = false }: RunOptions = {},
  ): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
    const program = terraformProgram();
    // Terraform colours files, too.
    const plain = captures || process.stdout.isTTY ? [] : ["-no-color"];
    const child = spawn(program, [command, ...plain, ...rest], {
      cwd: stack.folder,
      detached: true,
      // Nothing may ask: the user has no way to answer a process without a terminal.
      env: terraformVariables(),
      // A write to a pipe without a reader would kill Terraform (SIGPIPE), with its lock held and its state unsaved.
      stdio: [
        "ignore",
        !captures && process.stdout.isTTY ? "inherit" : "pipe",
        !keepsErrors && process.stderr.isTTY ? "inherit" : "pipe",
      ],
    });
    this.#running = { child, what: `terraform ${command} of ${stack.id}`, completes };
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout?.on("data", (chunk) => (captures ? chunks.push(chunk) : process.stdout.write(chunk)));
    child.stderr?.on("data", (chunk) => {
      if (keepsErrors) errors.push(chunk);
      process.stderr.write(chunk);
    });
    try {
      const status = await new Promise<number | null>((ended, failed) => {
        child.on("error", (error) => failed(new ToolError(`cannot start ${program}: ${error.message}`)));
        child.on("close", ended);
      });
      return { status, stdout: Buffer.concat(chunks).toString(), stderr: Buffer.concat(errors).toString() };
    } finally {
      this.#running = undefined;
      this.#interrupts = 0;
    }
  }

  #receive(signal: NodeJS.Signals): void {
    const now = performance.now();
    const repeated = now - this.#lastSignal < samePressMilliseconds;
    this.#lastSignal = now;
    if (repeated) return;
    const isFirst = this.#signal === undefined;
    this.#signal ??= signal;
    this.#stopped.abort();
    if (this.#running === undefined) return;
    const { child, what, completes } = this.#running;
    if (isFirst && completes) {
      say(
        `${signal}: ${what} goes on to its end, because an interrupt would leave what is being created half made. No further stack ` +
          "is begun. Press Ctrl-C again to interrupt Terraform: it saves and unlocks its state, and marks such resources as tainted.",
      );
      return;
    }
    this.#interrupts += 1;
    child.kill("SIGINT");
    say(
      this.#interrupts === 1
        ? `${signal}: ${what} is interrupted. It saves and unlocks its state; press Ctrl-C again to end it at once, which can lose what it is making.`
        : `${signal}: ${what} is told to end at once.`,
    );
  }
}

function say(text: string): void {
  process.stderr.write(`\n${text}\n\n`);
}
