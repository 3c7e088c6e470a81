import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { environments } from "../../environments.ts";
import { temporaryDirectory } from "../support/sweep.ts";

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
}

const isOnPath = (program: string) => spawnSync(program, ["--version"]).error === undefined;
// GitHub's runners have both. `gh` has jq's language built in; its stand-in here starts jq.
const missing = ["bash", "jq"].filter((program) => !isOnPath(program));
if (missing.length > 0) process.stderr.write(`skipped, scripts of the workflows: ${missing} not on PATH\n`);
const describeWithBash = missing.length === 0 ? describe : describe.skip;

const directory = temporaryDirectory();
const workflowOf = (name: string) =>
  parse(readFileSync(join(__dirname, "../../.github/workflows", `${name}.yml`), "utf8"));
const stepsOf = (workflow: string, job: string): readonly Step[] => workflowOf(workflow).jobs[job].steps;
/** As GitHub starts bash: with `pipefail` only if the workflow names the shell. */
const bashArguments = (workflow: string) => [
  "--noprofile",
  "--norc",
  "-e",
  ...(workflowOf(workflow).defaults?.run?.shell === "bash" ? ["-o", "pipefail"] : []),
];
const stepOf = (workflow: string, job: string, name: string) =>
  stepsOf(workflow, job).find((step) => step.name === name);

interface Post {
  readonly id?: number;
  readonly number?: number;
  readonly user: { readonly login: string };
  readonly body: string | null;
  readonly pull_request?: object;
}
const bot = { login: "github-actions[bot]" };

/**
 * `gh api`: answers a GET with `posts.json` through the filter, as gh does; keeps the method, the path and the body of a write.
 */
const gh = `
method=GET path=
shift
while [ $# -gt 0 ]; do
  case "$1" in
    --method) method="$2"; shift ;;
    --jq) filter="$2"; shift ;;
    --field) cp "\${2#body=@}" body.md; shift ;;
    --raw-field) echo "$2" >> fields; shift ;;
    --paginate) ;;
    *) path="$1" ;;
  esac
  shift
done
echo "$method $path" >> requests
[ "$method" = GET ] && [ -e unreadable ] && { echo "gh: Server Error (HTTP 502)" >&2; exit 1; }
if [ "$method" = GET ]; then jq --raw-output "$filter" < posts.json; else echo https://github.example/1; fi
`;

/** A job's folder, with stand-ins for npm, whose script the test gives, and for gh. */
function workspace({ npm = "", posts = [] }: { npm?: string; posts?: readonly Post[] } = {}) {
  const folder = mkdtempSync(join(directory, "job-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries({ npm, gh })) {
    writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  }
  writeFileSync(join(folder, "posts.json"), JSON.stringify(posts));
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, "plans"), { recursive: true });
    writeFileSync(path(name), text);
  };
  const read = (name: string) => readFileSync(path(name), "utf8");
  const run = (workflow: string, job: string, name: string, values: Readonly<Record<string, string>>) => {
    const script = stepOf(workflow, job, name)?.run;
    if (script === undefined) throw new Error(`${workflow}.yml has no script ${name}`);
    const { status, stderr } = spawnSync("bash", [...bashArguments(workflow), "-c", script], {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: [bin, process.env.PATH].join(delimiter),
        GITHUB_OUTPUT: path("output"),
        GITHUB_STEP_SUMMARY: path("summary"),
        RUN_URL: "https://github.example/runs/1",
        RESULTS: "dev: failure, prod: success",
        REPOSITORY: "example/platform",
        ...values,
      },
    });
    return { status, stderr };
  };
  /** The requests that change something. */
  const writes = () => (read("requests").match(/^(POST|PATCH) .*$/gm) ?? []) as string[];
  return { write, read, run, writes, has: (name: string) => existsSync(path(name)) };
}

describeWithBash("the plan of an environment", () => {
  const dev = { ENVIRONMENT: "dev", CHANGED_SINCE: "" };

  test("that failed before there was one says so, with the run, in the text of the comment", () => {
    const { run, read, has } = workspace({ npm: "exit 1" });
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

  test("that was made in part stays as it is", () => {
    const { run, read } = workspace({ npm: "echo half > plans/dev.md\nexit 1" });
    expect(run("plan", "plan", "Plan", dev).status).toBe(1);
    expect(run("plan", "plan", "Say that there is no plan", dev).status).toBe(0);
    expect(read("plans/dev.md")).toBe("half\n");
    expect(read("summary")).toBe("half\n");
  });

  test.each([
    [0, "false"],
    [2, "true"],
  ])("that ends with %d tells later jobs that changes are %s", (code, changes) => {
    const { run, read } = workspace({ npm: `echo plan > plans/dev.md\necho abc > digest\nexit ${code}` });
    expect(run("plan", "plan", "Plan", dev).status).toBe(0);
    expect(read("output")).toBe(`digest=abc\nchanges=${changes}\n`);
  });

  test("is kept whatever failed, a time limit too", () => {
    const last = stepsOf("plan", "plan").slice(-2);
    for (const step of last) expect(step.if).toContain("always()");
    expect(last[1]?.uses).toMatch(/^actions\/upload-artifact@/);
  });
});

const link = "[this run](https://github.example/runs/1)";
const ofPeople = [
  { id: 1, number: 1, user: { login: "somebody" }, body: null },
  { id: 2, number: 2, user: { login: "somebody" }, body: "<!-- evaluation-platform diff -->\nmine" },
  { id: 3, number: 3, user: { login: "somebody" }, body: "<!-- evaluation-platform drift -->\nmine" },
];

describeWithBash("the comment of a pull request", () => {
  const values = { PULL_REQUEST: "7", QUIET: "false", HEAD_SHA: "0123456789abcdef" };
  const ours = { id: 30, user: bot, body: "<!-- evaluation-platform diff -->\nan older plan" };
  const posted = "POST repos/example/platform/issues/7/comments";
  const comment = (posts: readonly Post[], changes = {}) => {
    const job = workspace({ posts });
    job.write("plans/dev.md", "of dev\n");
    job.write("plans/prod.md", "of prod\n");
    return { job, ended: job.run("diff", "comment", "Comment", { ...values, ...changes }) };
  };

  test("holds every environment, and ends with the commit, the run and how each job ended", () => {
    const { job, ended } = comment([]);
    expect(ended).toEqual({ status: 0, stderr: "" });
    expect(job.read("requests")).toBe(`GET repos/example/platform/issues/7/comments?per_page=100\n${posted}\n`);
    expect(job.read("body.md")).toBe(
      `<!-- evaluation-platform diff -->\nof dev\n\nof prod\n\n<sub>Commit 0123456, merged into main; ${link} (dev: failure, prod: success).</sub>\n`,
    );
  });

  test("takes the place of the one before it", () => {
    expect(comment([...ofPeople, ours, { ...ours, id: 31 }]).job.writes()).toEqual([
      "PATCH repos/example/platform/issues/comments/30",
    ]);
  });

  test("leaves alone the comments of people and of other workflows", () => {
    const ofAnotherWorkflow = { id: 4, user: bot, body: "> <!-- evaluation-platform diff -->" };
    expect(comment([...ofPeople, ofAnotherWorkflow]).job.writes()).toEqual([posted]);
  });

  test("takes the place of an older plan also if every runner was lost", () => {
    const job = workspace({ posts: [ours] });
    expect(job.run("diff", "comment", "Comment", values).status).toBe(0);
    expect(job.writes()).toHaveLength(1);
    expect(job.read("body.md")).toMatch(/^<!-- evaluation-platform diff -->\n<sub>Commit/);
  });

  test("is updated, but not created, if nothing changes", () => {
    expect(comment([...ofPeople], { QUIET: "true" }).job.writes()).toEqual([]);
    expect(comment([...ofPeople, ours], { QUIET: "true" }).job.writes()).toHaveLength(1);
  });

  test("is shorter than GitHub's limit: it is cut between two lines, says so first, and still names the run", () => {
    const job = workspace();
    job.write("plans/dev.md", "a long plan, …\n".repeat(10_000));
    expect(job.run("diff", "comment", "Comment", values)).toEqual({ status: 0, stderr: "" });
    const [, note, , ...lines] = job.read("body.md").trimEnd().split("\n");
    expect(note).toMatch(/^\*\*The end is cut, .* \[This run\]\(https:\/\/github.example\/runs\/1\) has the complete/);
    expect(lines.at(-1)).toContain(link);
    expect(new Set(lines.slice(0, -2))).toEqual(new Set(["a long plan, …"]));
    expect(Buffer.byteLength(job.read("body.md"))).toBeGreaterThan(60_000);
    expect(Buffer.byteLength(job.read("body.md"))).toBeLessThan(65_536);
  });

  test("is not created a second time if GitHub does not say which comments there are", () => {
    const job = workspace({ posts: [ours] });
    job.write("unreadable", "");
    const { status, stderr } = job.run("diff", "comment", "Comment", values);
    expect(status).toBe(1);
    expect(stderr).toContain("HTTP 502");
    expect(job.writes()).toEqual([]);
  });
});

describeWithBash("the issue of drift", () => {
  const ours = { number: 9, user: bot, body: "<!-- evaluation-platform drift -->\nolder" };
  const issue = (posts: readonly Post[], OPEN: "true" | "false") => {
    const job = workspace({ posts });
    job.write("plans/dev.md", "of dev\n");
    const values = { OPEN, GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values)).toEqual({ status: 0, stderr: "" });
    return job;
  };

  test("is opened once, says what is not checked, and ends with the commit, the run and how each job ended", () => {
    const job = issue(ofPeople, "true");
    expect(job.read("requests")).toBe(
      "GET repos/example/platform/issues?state=open&labels=drift&per_page=100\nPOST repos/example/platform/issues\n",
    );
    expect(job.read("fields")).toBe("title=The deployed state differs from main\nlabels[]=drift\n");
    const body = job.read("body.md");
    expect(body).toMatch(/^<!-- evaluation-platform drift -->\n/);
    expect(body).toContain("Changes inside the cluster are not detected");
    expect(body).toContain("\nof dev\n");
    expect(body).toMatch(/<sub>Commit 0123456; \[this run\]\(.*\) \(dev: failure, prod: success\)\.<\/sub>\n$/);
  });

  test("is updated while it is open, and never an issue of a person or a pull request", () => {
    const job = issue([...ofPeople, { ...ours, number: 8, pull_request: {} }, ours], "true");
    expect(job.writes()).toEqual(["PATCH repos/example/platform/issues/9"]);
    expect(job.has("fields")).toBe(false);
  });

  test("is closed when the drift is gone", () => {
    const job = issue([...ofPeople, ours], "false");
    expect(job.writes()).toEqual(["PATCH repos/example/platform/issues/9"]);
    expect(job.read("fields")).toBe("state=closed\nstate_reason=completed\n");
  });

  test("is not opened if there is no drift", () => {
    expect(issue(ofPeople, "false").writes()).toEqual([]);
  });

  test("is not opened a second time if GitHub does not say which issues there are", () => {
    const job = workspace({ posts: [ours] });
    job.write("unreadable", "");
    const values = { OPEN: "true", GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values).status).toBe(1);
    expect(job.writes()).toEqual([]);
  });

  test("is cut like the comment", () => {
    const job = workspace();
    job.write("plans/dev.md", "a long plan\n".repeat(10_000));
    const values = { OPEN: "true", GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values).status).toBe(0);
    expect(job.read("body.md")).toContain("**The end is cut, because GitHub takes no longer issue.**");
    expect(Buffer.byteLength(job.read("body.md"))).toBeLessThan(65_536);
  });
});

test("the plans of all environments fit into one comment", () => {
  const [, limit] = /--limit (\d+)/.exec(stepOf("plan", "plan", "Plan")?.run ?? "") ?? [];
  expect(Number(limit) * environments.length).toBeLessThanOrEqual(64_000);
});

test.each([
  ["diff", "comment", "Comment", "QUIET", "!contains"],
  ["drift", "issue", "Open, update or close the issue", "OPEN", "contains"],
])("%s treats a plan that failed or timed out as unknown", (workflow, job, name, variable, contains) => {
  const step = stepOf(workflow, job, name) as { readonly env?: Readonly<Record<string, string>> };
  for (const result of ["failure", "cancelled"]) {
    expect(step.env?.[variable]).toMatch(new RegExp(`(?<![!\\w])${contains}\\(needs\\.\\*\\.result, '${result}'\\)`));
  }
});
