import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { temporaryDirectory } from "../support/sweep.ts";

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
}

const hasBash = spawnSync("bash", ["--version"]).error === undefined;
if (!hasBash) process.stderr.write("skipped, what the workflows' scripts do: bash is not on PATH\n");
const describeWithBash = hasBash ? describe : describe.skip;

const directory = temporaryDirectory();
const stepsOf = (workflow: string, job: string): readonly Step[] =>
  parse(readFileSync(join(__dirname, "../../.github/workflows", `${workflow}.yml`), "utf8")).jobs[job].steps;
const stepOf = (workflow: string, job: string, name: string) =>
  stepsOf(workflow, job).find((step) => step.name === name);

/** A job's folder, with a program in place of npm: it writes its arguments down, and then does what the test says. */
function workspace(npm = "") {
  const folder = mkdtempSync(join(directory, "job-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "npm"), `#!/bin/sh\nprintf '%s\\n' "$@" > arguments\n${npm}\n`, { mode: 0o755 });
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, "plans"), { recursive: true });
    writeFileSync(path(name), text);
  };
  const read = (name: string) => readFileSync(path(name), "utf8");
  const run = (workflow: string, job: string, name: string, values: Readonly<Record<string, string>>) => {
    const script = stepOf(workflow, job, name)?.run;
    if (script === undefined) throw new Error(`${workflow}.yml has no script ${name}`);
    // As GitHub starts it.
    const { status, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script], {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: [bin, process.env.PATH].join(delimiter),
        GITHUB_OUTPUT: path("output"),
        GITHUB_STEP_SUMMARY: path("summary"),
        RUN_URL: "https://github.example/runs/1",
        RESULTS: "dev: failure, prod: success",
        ...values,
      },
    });
    return { status, stderr };
  };
  /** The files that became the text, in its order. */
  const bodies = () => [...read("arguments").matchAll(/^--body\n(.*)$/gm)].map(([, file = ""]) => file);
  return { write, read, run, bodies, has: (name: string) => existsSync(path(name)) };
}

describeWithBash("the plan of an environment", () => {
  const dev = { ENVIRONMENT: "dev", CHANGED_SINCE: "" };

  test("that failed before there was one says so, with the run, where the comment is made of", () => {
    const { run, read, has } = workspace("exit 1");
    expect(run("plan", "plan", "Plan", dev)).toMatchObject({ status: 1 });
    expect(has("plans/dev.md")).toBe(false);
    expect(run("plan", "plan", "Say that there is no plan", dev)).toEqual({ status: 0, stderr: "" });
    expect(read("plans/dev.md")).toMatch(/^### Plan of dev\n/);
    expect(read("plans/dev.md")).toContain("**FAILED before anything was planned.**");
    expect(read("plans/dev.md")).toContain("(https://github.example/runs/1)");
    expect(read("summary")).toBe(read("plans/dev.md"));
  });

  test("says so even where no step before it has run", () => {
    const { run, read } = workspace();
    expect(run("plan", "plan", "Say that there is no plan", dev).status).toBe(0);
    expect(read("plans/dev.md")).toContain("FAILED before anything was planned");
  });

  test("that could be made in part stays as it is", () => {
    const { run, read } = workspace("echo half > plans/dev.md\nexit 1");
    expect(run("plan", "plan", "Plan", dev).status).toBe(1);
    expect(run("plan", "plan", "Say that there is no plan", dev).status).toBe(0);
    expect(read("plans/dev.md")).toBe("half\n");
    expect(read("summary")).toBe("half\n");
  });

  test.each([
    [0, "false"],
    [2, "true"],
  ])("that ends with %d tells the jobs behind it that changes are %s", (code, changes) => {
    const { run, read } = workspace(`echo plan > plans/dev.md\necho abc > digest\nexit ${code}`);
    expect(run("plan", "plan", "Plan", dev).status).toBe(0);
    expect(read("output")).toBe(`digest=abc\nchanges=${changes}\n`);
  });

  test("is kept whatever failed, a time limit too", () => {
    const last = stepsOf("plan", "plan").slice(-2);
    for (const step of last) expect(step.if).toContain("always()");
    expect(last[1]?.uses).toMatch(/^actions\/upload-artifact@/);
  });
});

describeWithBash("the comment of a pull request", () => {
  const values = { PULL_REQUEST: "7", QUIET: "false", HEAD_SHA: "0123456789abcdef" };

  test("holds every environment, and ends with the commit, the run and how each one ended", () => {
    const { run, write, read, bodies } = workspace();
    write("plans/dev.md", "dev");
    write("plans/prod.md", "prod");
    expect(run("diff", "comment", "Comment", values)).toEqual({ status: 0, stderr: "" });
    expect(bodies()).toEqual(["plans/dev.md", "plans/prod.md", "run.md"]);
    const link = "[this run](https://github.example/runs/1)";
    expect(read("run.md")).toBe(
      `<sub>Commit 0123456, merged into main; ${link} (dev: failure, prod: success).</sub>\n`,
    );
  });

  test("takes the place of an older plan also where every runner was lost", () => {
    const { run, bodies, read } = workspace();
    expect(run("diff", "comment", "Comment", values).status).toBe(0);
    expect(bodies()).toEqual(["run.md"]);
    expect(read("arguments")).not.toContain("--only-update");
  });

  test("is only brought up to date where nothing changes", () => {
    const { run, read } = workspace();
    expect(run("diff", "comment", "Comment", { ...values, QUIET: "true" }).status).toBe(0);
    expect(read("arguments")).toContain("--only-update");
  });
});

describeWithBash("the issue of drift", () => {
  const name = "Open, update or close the issue";
  const values = { OPEN: "true", GITHUB_SHA: "0123456789abcdef" };

  test("says what is not looked at, and ends with the commit, the run and how each environment ended", () => {
    const { run, write, read, bodies } = workspace();
    write("plans/dev.md", "dev");
    expect(run("drift", "issue", name, values)).toEqual({ status: 0, stderr: "" });
    expect(bodies()).toEqual(["intro.md", "plans/dev.md", "run.md"]);
    expect(read("intro.md")).toContain("what was changed inside the cluster is not seen");
    expect(read("run.md")).toMatch(
      /^<sub>Commit 0123456; \[this run\]\(.*\) \(dev: failure, prod: success\)\.<\/sub>\n$/,
    );
    expect(read("arguments")).not.toContain("--close");
  });

  test("is closed where there is none", () => {
    const { run, read } = workspace();
    expect(run("drift", "issue", name, { ...values, OPEN: "false" }).status).toBe(0);
    expect(read("arguments")).toContain("--close");
  });
});

test.each([
  ["diff", "comment", "Comment", "QUIET", "!contains"],
  ["drift", "issue", "Open, update or close the issue", "OPEN", "contains"],
])("%s takes a plan that failed or ran out of time for no answer", (workflow, job, name, variable, contains) => {
  const step = stepOf(workflow, job, name) as { readonly env?: Readonly<Record<string, string>> };
  for (const result of ["failure", "cancelled"]) {
    expect(step.env?.[variable]).toMatch(new RegExp(`(?<![!\\w])${contains}\\(needs\\.\\*\\.result, '${result}'\\)`));
  }
});
