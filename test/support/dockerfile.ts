import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, lines joined and comments dropped. */
export function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile.split("\n").filter((line) => !line.trimStart().startsWith("#"));
  const joined = lines.join("\n").replace(/\\\n/g, " ");
  return joined
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => ({ keyword: line.slice(0, line.indexOf(" ")), text: line.slice(line.indexOf(" ") + 1).trim() }));
}

/** The instructions of one stage, its FROM left out. */
export function stageOf(dockerfile: string, name: string): Instruction[] {
  const all = instructionsOf(dockerfile);
  const start = all.findIndex(({ keyword, text }) => keyword === "FROM" && text.endsWith(` AS ${name}`));
  const rest = all.slice(start + 1);
  const end = rest.findIndex(({ keyword }) => keyword === "FROM");
  return start === -1 ? [] : rest.slice(0, end === -1 ? undefined : end);
}

/**
 * Does what a builder would do with a stage, without one: its files are copied, and its commands run, below a folder that
 * stands in for the root of the file system.
 *
 * @param context the build context.
 * @param ignored whether .dockerignore keeps a path from the build.
 */
export function runStage(
  stage: readonly Instruction[],
  { context, root, ignored }: { context: string; root: string; ignored: (path: string) => boolean },
): void {
  let directory = root;
  for (const { keyword, text } of stage) {
    const run: Readonly<Record<string, () => void>> = {
      WORKDIR: () => {
        directory = join(root, text);
        mkdirSync(directory, { recursive: true });
      },
      COPY: () => copy(text.split(" "), context, directory, ignored),
      RUN: () => {
        const command = text.replace(/^(--mount=\S+ )+/, "");
        execFileSync("/bin/sh", ["-c", command], { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
      },
    };
    const instruction = run[keyword];
    if (instruction === undefined) throw new Error(`${keyword} is not known here`);
    instruction();
  }
}

function copy(words: readonly string[], context: string, directory: string, ignored: (path: string) => boolean): void {
  const target = words.at(-1) ?? "";
  const sources = words.slice(0, -1);
  for (const source of sources) {
    if (ignored(source)) throw new Error(`.dockerignore keeps ${source} from the build`);
    const isFolder = target.endsWith("/") || target === ".";
    const destination = isFolder
      ? join(directory, target, source.slice(source.lastIndexOf("/") + 1))
      : join(directory, target);
    mkdirSync(dirname(destination), { recursive: true });
    cpSync(join(context, source), destination, {
      recursive: true,
      filter: (path) => path === join(context, source) || !ignored(path.slice(context.length + 1)),
    });
  }
}

/** Whether a `.dockerignore` that excludes everything but some paths, and dot files, keeps a path from the build. */
export function ignoredBy(ignoreFile: string): (path: string) => boolean {
  const passed = ignoreFile.split("\n").flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
  return (path) => {
    if (passed.includes(path)) return false;
    if (path.split("/").some((part) => part.startsWith("."))) return true;
    return !passed.some((entry) => path.startsWith(`${entry}/`) || entry.startsWith(`${path}/`));
  };
}

export function readDockerfile(repository: string): string {
  return readFileSync(join(repository, "worker/Dockerfile"), "utf8");
}
