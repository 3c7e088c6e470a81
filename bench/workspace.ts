import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The surroundings of a group of measurements. */
export interface Workspace {
  /** The number of repetitions. */
  readonly rounds: number;
  /** The number of parameters to use for a full number: fewer with `--quick`. */
  readonly scaled: (parameters: number) => number;
  /** Objects of the generated bucket. */
  readonly objects: number;
  /** Prints the current step on standard error. */
  readonly report: (text: string) => void;
  /** A new path for a file or directory. All paths are on one disk, and are removed in the end. */
  readonly newPath: () => string;
  /** Removes a path at once, so that its unwritten pages do not slow the next measurement. */
  readonly remove: (path: string) => void;
}

/** @param isQuick whether to try the benchmark only. */
export function createWorkspace(isQuick: boolean, objects: number): Workspace & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "evaluation-platform-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  let paths = 0;
  return {
    directory,
    rounds: isQuick ? 1 : 5,
    objects: isQuick ? Math.ceil(objects / 10) : objects,
    scaled: (parameters) => (isQuick ? parameters / 10 : parameters),
    report: (text) => {
      process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    },
    newPath: () => {
      const parent = join(directory, String(paths++));
      mkdirSync(parent);
      return join(parent, "results");
    },
    remove: (path) => rmSync(path, { recursive: true, force: true }),
  };
}
