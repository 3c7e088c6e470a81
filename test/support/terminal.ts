import { type ChildProcess, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** A terminal whose foreground job is a program: what is written to standard input is typed there. */
const program = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
sources = [0, terminal]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 1024)
        os.write(terminal, typed) if typed else sources.remove(0)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            break
        if not shown:
            break
        os.write(1, shown)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** The key Ctrl-C, which a terminal turns into SIGINT for every process of its foreground group. */
export const ctrlC = "\u0003";

/** A program in a terminal of its own, as a user has one. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #shown = "";

  constructor(command: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    this.#child = spawn("python3", ["-c", program, ...command], { ...options, stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout?.on("data", (chunk) => {
      this.#shown += chunk;
    });
    this.#ended = new Promise((ended) => this.#child.on("close", ended));
  }

  /** Everything that the screen has shown, without colours. */
  get shown(): string {
    return stripVTControlCharacters(this.#shown).replaceAll("\r\n", "\n");
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Resolves when the screen has shown a text. @throws Error with the screen if the program ends before. */
  async shows(text: string): Promise<void> {
    let isEnded = false;
    this.#ended.then(() => {
      isEnded = true;
    });
    while (!this.shown.includes(text)) {
      if (isEnded) throw new Error(`ended without showing ${JSON.stringify(text)}:\n${this.shown}`);
      await new Promise((later) => setTimeout(later, 20));
    }
  }

  /** The exit code. */
  ended(): Promise<number | null> {
    return this.#ended;
  }
}
