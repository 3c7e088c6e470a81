import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { workerUserId } from "../../constructs/support/restricted-pod.ts";
import { type Finished, sha256, startProgram, sweep, temporaryDirectory } from "../support/sweep.ts";

const repository = join(__dirname, "..", "..");
const dockerfile = readFileSync(join(repository, "worker/Dockerfile"), "utf8");
/** The arguments of every instruction of a kind that fits on a line. */
const linesOf = (keyword: string) =>
  [...dockerfile.matchAll(new RegExp(`^${keyword} (.*)$`, "gm"))].map(([, text]) => text);

describe("the Dockerfile", () => {
  test("uses images pinned by version and digest only, and only through its arguments", () => {
    const images = linesOf("ARG").filter((argument) => argument?.includes("_IMAGE="));
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^[A-Z]+_IMAGE=[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    expect(images[0]).toMatch(/node:24\.\d+\.\d+-/);
    expect(linesOf("FROM")).toEqual([
      `--platform=$BUILDPLATFORM ${"$"}{NODE_IMAGE} AS build`,
      `${"$"}{NODE_IMAGE} AS node`,
      `${"$"}{BASE_IMAGE}`,
    ]);
  });

  test("executes nothing of the platform that it is for, so that a build for another needs no emulation", () => {
    const [, ...ofTarget] = dockerfile.split(/^FROM /m).slice(1);
    expect(ofTarget).toHaveLength(2);
    for (const stage of ofTarget) expect(stage).not.toMatch(/^(RUN|ADD) /m);
  });

  test("runs as the user of the Job's pods, who is not root, and starts a worker", () => {
    expect(linesOf("USER")).toEqual([`${workerUserId}:${workerUserId}`]);
    expect(linesOf("ENTRYPOINT")).toEqual(['["/usr/local/bin/node", "/app/dist/cli.mjs"]']);
    expect(linesOf("CMD")).toEqual(['["worker"]']);
    // The kubelet sets HOME to / for a user without an entry in /etc/passwd, and nobody can write there.
    expect(linesOf("ENV")).toEqual(["NODE_ENV=production HOME=/tmp"]);
  });

  test("installs dependencies by the lock file, from a cache, before it copies the sources", () => {
    const copied = dockerfile.indexOf("\nCOPY worker worker\n");
    const installed = /^RUN --mount=type=cache,target=(\S+) npm_config_cache=\1 npm ci --workspace worker$/m.exec(
      dockerfile,
    );
    expect(installed?.index).toBeLessThan(copied);
  });

  test("labels the image", () => {
    for (const label of ["title", "description", "licenses", "version", "base.name"])
      expect(dockerfile).toMatch(new RegExp(`org\\.opencontainers\\.image\\.${label}="[^"]+"`));
  });
});

/**
 * The build stage as a shell script, which starts in the stage's working directory. Its instructions are COPY and RUN: COPY
 * becomes a function that copies from `$CONTEXT`, and RUN a subshell that ends the script if it fails.
 */
function buildScript(cache: string): string {
  const [, stage = ""] = /^FROM .* AS build\nWORKDIR .*\n([\s\S]*?)^FROM /m.exec(dockerfile) ?? [];
  const script = stage
    .replaceAll("/npm-cache", cache)
    .replace(/^COPY /gm, "copy ")
    .replace(/^RUN (?:--mount=\S+ )*((?:.*\\\n)*.*)$/gm, "(\n$1\n) || exit 1");
  return `set -e
copy() {
  for target; do :; done
  mkdir -p "$target"
  while [ $# -gt 1 ]; do
    if [ -d "$CONTEXT/$1" ]; then cp -R "$CONTEXT/$1/." "$target"; else cp "$CONTEXT/$1" "$target"; fi
    shift
  done
}
${script}`;
}

/**
 * Copies the files of the repository that Dockerfile.dockerignore lets pass: its lines with "!", without dot files in folders. Git
 * gives them these permissions for a user with umask 027.
 */
function copyContext(target: string): void {
  const passed = readFileSync(join(repository, "worker/Dockerfile.dockerignore"), "utf8").matchAll(/^!(.*)$/gm);
  for (const [, path = ""] of passed) {
    const source = join(repository, path);
    cpSync(source, join(target, path), {
      recursive: true,
      filter: (file) => file === source || !basename(file).startsWith("."),
    });
  }
  changeModes(target, (mode) => mode & 0o750);
}

describe("the image's build stage, run without a builder", () => {
  // Before the folder is removed: only root can empty a folder that nobody may write to.
  afterAll(() => existsSync(app) && changeModes(app, (mode) => mode | 0o200));
  const directory = temporaryDirectory();
  const app = join(directory, "app");
  let built: Record<string, string> = {};

  /** Runs the image's entry point as its user, with a /tmp of its own. */
  async function start(args: string[], env: Record<string, string> = {}): Promise<Finished> {
    const tmp = join(directory, "tmp");
    mkdirSync(tmp, { recursive: true });
    chmodSync(tmp, 0o777);
    const isRoot = process.getuid?.() === 0;
    return startProgram([process.execPath, join(app, "dist/cli.mjs"), ...args], {
      cwd: app,
      env: { TMPDIR: tmp, ...env },
      ...(isRoot ? { uid: workerUserId } : {}),
    }).finished;
  }

  beforeAll(() => {
    const context = join(directory, "context");
    copyContext(context);
    // A user's own evaluation in another language, beside those of the repository.
    const evaluations = join(context, "worker/evaluations");
    writeFileSync(join(evaluations, "evaluate.py"), pythonExample());
    chmodSync(join(evaluations, "evaluate.py"), 0o600);
    writeFileSync(join(evaluations, "program"), "#!/bin/sh\n");
    chmodSync(join(evaluations, "program"), 0o700);
    symlinkSync("program", join(evaluations, "link"));
    const build = join(directory, "build");
    mkdirSync(build);
    const { status, stderr } = spawnSync("/bin/sh", ["-c", buildScript(join(directory, "npm-cache"))], {
      cwd: build,
      encoding: "utf8",
      env: { ...process.env, CONTEXT: context },
    });
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    cpSync(join(build, "image"), app, { recursive: true });
    built = modesIn(join(build, "image"));
    // The root file system of a pod is read-only, also for a user who owns its files.
    changeModes(app, (mode) => mode & 0o555);
    chmodSync(directory, 0o755);
  });

  test("produces the worker's bundle, a bundle of each evaluation, programs unchanged, and no dependencies", () => {
    expect(readdirSync(app).sort()).toEqual(["dist", "evaluations"]);
    expect(readdirSync(join(app, "evaluations")).sort()).toEqual([
      "collatz.mjs",
      "evaluate.py",
      "link",
      "pi.mjs",
      "pi.py",
      "prime.mjs",
      "program",
    ]);
    expect(readdirSync(join(app, "dist"))).toContain("cli.mjs");
    // Half of it is the client of the Kubernetes API, which no worker loads.
    expect(sizeOf(app)).toBeLessThan(9 * 1024 ** 2);
  });

  test("is readable for everybody, and executable where the checkout is, whatever the umask of the checkout", () => {
    const isProgram = (path: string) => ["evaluations/link", "evaluations/program"].includes(path);
    expect(Object.keys(built).filter(isProgram)).toHaveLength(2);
    const expected = Object.entries(built).map(([path, mode]) => {
      if (mode.startsWith("d")) return [path, "drwxr-xr-x"];
      return [path, isProgram(path) ? "-rwxr-xr-x" : "-rw-r--r--"];
    });
    expect(built).toEqual(Object.fromEntries(expected));
  });

  test("computes a share as an unprivileged user in a read-only folder, byte for byte as on a laptop", async () => {
    if (process.getuid?.() === 0) {
      const touch = ["-e", `require("fs").writeFileSync(${JSON.stringify(join(app, "x"))}, "")`];
      const { finished } = startProgram([process.execPath, ...touch], { uid: workerUserId });
      expect((await finished).stderr).toContain("EACCES");
    }
    const results = join(directory, "results");
    mkdirSync(results);
    chmodSync(results, 0o777);
    const environment = {
      WORKER_ID: "0",
      TOTAL_WORKERS: "1",
      TOTAL_PARAMETERS: "30000",
      EVALUATION: "collatz",
      RESULTS_URL: `file:${results}`,
    };
    const { code, stdout } = await start(["worker"], environment);
    expect(stdout).toContain("[WORKER 0] Processed: 30,000 parameters");
    expect(code).toBe(0);
    const local = join(directory, "local");
    await sweep(["run", "collatz", "--total", "30000", "--results", local]);
    expect((await start(["verify", results])).code).toBe(0);
    // run.json has the hash of the evaluation. It equals the laptop's, so either can resume the other's run.
    for (const file of ["columns/steps.f64", "run.json"])
      expect(sha256(join(results, file))).toBe(sha256(join(local, file)));
  });

  test("explains a missing evaluation", async () => {
    const { code, stdout } = await start(["worker"], {
      WORKER_ID: "0",
      TOTAL_WORKERS: "1",
      TOTAL_PARAMETERS: "1",
      EVALUATION: "missing",
    });
    expect(code).toBe(42);
    expect(stdout).toContain(
      // Programs in other languages have no names: a command line says how they start.
      "evaluation must be the path of a module, or collatz, pi or prime, got",
    );
  });

  test("computes with the Python example of the docs", async () => {
    const results = join(directory, "python-results");
    mkdirSync(results);
    chmodSync(results, 0o777);
    const { code, stdout } = await start(["worker"], {
      WORKER_ID: "0",
      TOTAL_WORKERS: "1",
      TOTAL_PARAMETERS: "1000",
      BATCH_SIZE: "100",
      EVALUATION_COMMAND: "python3 evaluations/evaluate.py",
      RESULT_COLUMNS: pythonColumns(),
      RESULTS_URL: `file:${results}`,
    });
    expect(stdout).toContain("[WORKER 0] Processed: 1,000 parameters");
    expect(stdout).toContain('"failed":0');
    expect(code).toBe(0);
    expect((await start(["verify", results])).code).toBe(0);
  });
});

const docs = readFileSync(join(repository, "docs/image.md"), "utf8");

/** The program of docs/image.md. */
function pythonExample(): string {
  return /```python\n([\s\S]*?)```/.exec(docs)?.[1] ?? "";
}

/** The columns that docs/image.md sets beside it. */
function pythonColumns(): string {
  return JSON.parse(/resultColumns: (\[.*?\])/.exec(docs)?.[1] ?? "[]").join(",");
}

function changeModes(path: string, change: (mode: number) => number): void {
  const stats = statSync(path);
  chmodSync(path, change(stats.mode & 0o777));
  if (stats.isDirectory()) for (const name of readdirSync(path)) changeModes(join(path, name), change);
}

/** Kind and permissions of a folder, `.`, and of everything in it, as `ls` writes them. */
function modesIn(folder: string): Record<string, string> {
  const { stdout } = spawnSync("find", [folder, "-printf", "%P %M\\n"], { encoding: "utf8" });
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => [line.replace(/ \S+$/, "") || ".", line.slice(-10)]),
  );
}

function sizeOf(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
