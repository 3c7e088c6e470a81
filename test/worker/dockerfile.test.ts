import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import { workerUserId } from "../../constructs/workload/worker-pod.ts";
import { ignoredBy, instructionsOf, readDockerfile, runStage, stageOf } from "../support/dockerfile.ts";
import { type Finished, sha256, startProgram, sweep, temporaryDirectory } from "../support/sweep.ts";

const repository = join(__dirname, "..", "..");
const dockerfile = readDockerfile(repository);
const ignored = ignoredBy(readFileSync(join(repository, "worker/Dockerfile.dockerignore"), "utf8"));
const texts = (keyword: string) =>
  instructionsOf(dockerfile)
    .filter((instruction) => instruction.keyword === keyword)
    .map(({ text }) => text);

describe("the Dockerfile", () => {
  test("has nothing a linter finds", () => {
    expect(validate(dockerfile).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
    // And the linter finds what is wrong.
    expect(validate(dockerfile.replace("USER 65532:65532", "USERS 65532"))).not.toEqual([]);
  });

  test("stands on images pinned by version and digest only, and none but its arguments", () => {
    const images = texts("ARG").filter((argument) => argument.includes("_IMAGE="));
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^[A-Z]+_IMAGE=[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    expect(images[0]).toMatch(/node:24\.\d+\.\d+-/);
    expect(texts("FROM")).toEqual([
      `--platform=$BUILDPLATFORM ${"$"}{NODE_IMAGE} AS build`,
      `${"$"}{NODE_IMAGE} AS node`,
      `${"$"}{BASE_IMAGE}`,
    ]);
  });

  test("runs as the user of the Job's pods, who is not root, and starts a worker", () => {
    expect(texts("USER")).toEqual([`${workerUserId}:${workerUserId}`]);
    expect(texts("ENTRYPOINT")).toEqual(['["/usr/local/bin/node", "/app/dist/cli.mjs"]']);
    expect(texts("CMD")).toEqual(['["worker"]']);
  });

  test("installs dependencies before sources arrive, from a cache, by the lock file", () => {
    const steps = stageOf(dockerfile, "build").map(({ text }) => text);
    const install = steps.findIndex((text) => text.includes("npm ci"));
    expect(steps[install]).toMatch(
      /^--mount=type=cache,target=(\/npm-cache) npm_config_cache=\1 npm ci --workspace worker$/,
    );
    expect(steps.indexOf("worker worker")).toBeGreaterThan(install);
    expect(steps.slice(0, install)).toEqual([
      "/build",
      "package.json package-lock.json .npmrc ./",
      "worker/package.json worker/",
    ]);
  });

  test("says what it is", () => {
    const [labels = ""] = texts("LABEL");
    for (const label of ["title", "description", "licenses", "version", "base.name"])
      expect(labels).toMatch(new RegExp(`org\\.opencontainers\\.image\\.${label}="[^"]+"`));
  });
});

describe("the image's build stage, run without a builder", () => {
  const directory = temporaryDirectory();
  const root = join(directory, "root");
  const app = join(directory, "app");

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
    // A user's own evaluation in another language, beside those of the repository.
    const context = join(directory, "context");
    cpSync(repository, context, {
      recursive: true,
      filter: (path) => path === repository || !ignored(path.slice(repository.length + 1)),
    });
    writeFileSync(join(context, "worker/evaluations/evaluate.py"), pythonExample());
    runStage(stageOf(dockerfile, "build"), { context, root, ignored });
    cpSync(join(root, "build/image"), app, { recursive: true });
    makeReadOnly(app);
    chmodSync(directory, 0o755);
  }, 300_000);

  test("gives the bundle of the worker, a bundle of each evaluation, programs as they are, and no dependencies", () => {
    expect(readdirSync(app).sort()).toEqual(["dist", "evaluations"]);
    expect(readdirSync(join(app, "evaluations")).sort()).toEqual(["collatz.mjs", "evaluate.py", "prime.mjs"]);
    expect(readdirSync(join(app, "dist"))).toContain("cli.mjs");
    expect(sizeOf(app)).toBeLessThan(8 * 1024 ** 2);
  });

  test("passes a worker's share as an unprivileged user in a directory nobody can write to, with a laptop's bytes", async () => {
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
    // run.json has the hash of the evaluation: it is the laptop's, so that one can go on where the other stopped.
    for (const file of ["columns/steps.f64", "run.json"])
      expect(sha256(join(results, file))).toBe(sha256(join(local, file)));
  });

  test("answers with a message for an evaluation that is not in it", async () => {
    const { code, stdout } = await start(["worker"], {
      WORKER_ID: "0",
      TOTAL_WORKERS: "1",
      TOTAL_PARAMETERS: "1",
      EVALUATION: "missing",
    });
    expect(code).toBe(42);
    expect(stdout).toContain("evaluation must be the path of a module, or collatz, evaluate or prime, got");
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

function makeReadOnly(path: string): void {
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) makeReadOnly(join(path, name));
  chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444);
}

function sizeOf(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
