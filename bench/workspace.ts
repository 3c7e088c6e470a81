import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a group of measurements is given. */
export interface Workspace {
  /** How often everything is repeated. */
  readonly rounds: number;
  /** How many parameters instead of so many: fewer where the benchmark itself is being tried. */
  readonly scaled: (parameters: number) => number;
  /** Says on standard error what is being done. */
  readonly report: (text: string) => void;
  /** A path for a file or directory that nothing else uses. All of them are on one disk, and are removed in the end. */
  readonly newPath: () => string;
  /** Removes what is at a path: at once, so that its unwritten pages do not burden what is measured next. */
  readonly remove: (path: string) => void;
}

/** @param isQuick whether only the benchmark itself is being tried. */
export function createWorkspace(isQuick: boolean): Workspace & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "evaluation-platform-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  let paths = 0;
  return {
    directory,
    rounds: isQuick ? 1 : 5,
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
