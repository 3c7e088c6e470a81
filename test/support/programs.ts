import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The answer of the AWS CLI to a command: its JSON, or the text of its error. */
export type Answer = { readonly json: unknown } | { readonly error: string };

/** A folder of stand-in programs for PATH, which print given answers. */
export class Programs {
  readonly path: string;
  private readonly answers: string;

  constructor(directory: string) {
    this.path = join(directory, "programs");
    this.answers = join(directory, "answers");
    this.clear();
  }

  clear(): void {
    for (const folder of [this.path, this.answers]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
  }

  /** @param script of a shell, which sees the arguments as `$*`. */
  install(name: string, script: string): void {
    const path = join(this.path, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  remove(name: string): void {
    rmSync(join(this.path, name), { force: true });
  }

  /** The AWS CLI, which answers commands by their first two words, and all others as AWS does for a forbidden request. */
  installAws(version: string): void {
    this.install(
      "aws",
      `[ "$1" = --version ] && { echo "aws-cli/${version} Python/3.13.7 Linux/6.8.0 exe/x86_64"; exit; }
       key="$1-$2"; command="$2"
       [ -e "${this.answers}/$key.json" ] && exec /bin/cat "${this.answers}/$key.json"
       [ -e "${this.answers}/$key.error" ] && { /bin/cat "${this.answers}/$key.error" >&2; exit 254; }
       printf '\\nAn error occurred (AccessDeniedException) when calling the %s operation: not authorized\\n' "$command" >&2
       exit 254`,
    );
  }

  answer(key: string, answer: Answer): void {
    for (const kind of ["json", "error"]) rmSync(join(this.answers, `${key}.${kind}`), { force: true });
    const [kind, text] = "json" in answer ? ["json", JSON.stringify(answer.json)] : ["error", `\n${answer.error}\n`];
    writeFileSync(join(this.answers, `${key}.${kind}`), text);
  }
}
