import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
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
    mkdirSync(dirname(path(name)), { recursive: true });
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
  const dev = { ENVIRONMENT: "dev", CHANGED_SINCE: "", ROUND: "", PUBLIC_KEY: "" };

  test("that failed before there was one says so, with the run, in the text of the comment", () => {
    const { run, read, has } = workspace({ npm: "exit 1" });
    expect(run("plan", "plan", "Plan", dev)).toMatchObject({ status: 1 });
    expect(has("plans/dev/01.md")).toBe(false);
    expect(run("plan", "plan", "Say that there is no plan", dev)).toEqual({ status: 0, stderr: "" });
    expect(read("plans/dev/01.md")).toMatch(/^### Plan of dev\n/);
    expect(read("plans/dev/01.md")).toContain("**FAILED before anything was planned.**");
    expect(read("plans/dev/01.md")).toContain("(https://github.example/runs/1)");
    expect(read("summary")).toBe(read("plans/dev/01.md"));
  });

  test("says so even where no step before it has run", () => {
    const { run, read } = workspace();
    expect(run("plan", "plan", "Say that there is no plan", dev).status).toBe(0);
    expect(read("plans/dev/01.md")).toContain("FAILED before anything was planned");
  });

  test("that was made in part stays as it is", () => {
    const { run, read } = workspace({ npm: "mkdir -p plans/dev\necho half | tee plan.md > plans/dev/01.md\nexit 1" });
    expect(run("plan", "plan", "Plan", dev).status).toBe(1);
    expect(run("plan", "plan", "Say that there is no plan", dev).status).toBe(0);
    expect(read("plans/dev/01.md")).toBe("half\n");
    expect(read("summary")).toBe("half\n");
  });

  test.each([
    [0, "false"],
    [2, "true"],
  ])("that ends with %d tells later jobs that changes are %s", (code, changes) => {
    const { run, read } = workspace({ npm: `echo plan > plan.md\nexit ${code}` });
    expect(run("plan", "plan", "Plan", dev).status).toBe(0);
    expect(read("output")).toBe(`changes=${changes}\n`);
  });

  const round = { ...dev, ROUND: "1", PUBLIC_KEY: "age1public" };
  /** Stands in for npm, and saves plans as `npm run diff` does. */
  const saving = (stacks: string, later: string, code: number) =>
    `echo "$*" > arguments\necho plan > plan.md\nmkdir saved\necho '{"stacks":${stacks},"later":${later}}' > saved/plans.json\nexit ${code}`;

  test.each([
    ['[{"stack":"dev-platform"}]', '[{"stack":"dev-addons"}]', 2, "true", "true"],
    ['[{"stack":"dev-platform"}]', "[]", 2, "false", "true"],
    ["[]", "[]", 0, "false", "false"],
    // A removed stack, for example, is a change that no deploy makes.
    ["[]", "[]", 2, "false", "false"],
  ])("in a round of a deploy, with the stacks %s and later %s, tells the digest of its saved plans", (...values) => {
    const [stacks, later, code, isLater, changes] = values;
    const { run, read } = workspace({ npm: saving(stacks, later, code) });
    expect(run("plan", "plan", "Plan", round)).toEqual({ status: 0, stderr: "" });
    expect(read("arguments")).toContain("--save-plans saved --encrypt-for age1public");
    const digest = createHash("sha256").update(read("saved/plans.json")).digest("hex");
    expect(read("output")).toBe(`digest=${digest}\nlater=${isLater}\nchanges=${changes}\n`);
  });

  test("in a round of a deploy fails if it saved nothing, and without the public key, with a sentence", () => {
    const failed = workspace({ npm: saving("[]", "[]", 1) });
    expect(failed.run("plan", "plan", "Plan", round).status).toBe(1);
    expect(failed.has("output")).toBe(false);
    const without = workspace({ npm: "exit 0" });
    expect(without.run("plan", "plan", "Plan", { ...round, PUBLIC_KEY: "" }).status).toBe(1);
    expect(without.read("summary")).toContain("Nothing of **dev** is deployed: its variable **PLAN_PUBLIC_KEY_...**");
  });

  test("that the third round has left behind makes the run red, with a sentence", () => {
    const { run, read } = workspace();
    expect(run("rounds", "left", "Say that a part is not deployed", { ENVIRONMENT: "dev" }).status).toBe(1);
    expect(read("summary")).toBe(
      "**A part of dev is not deployed.** Three rounds were not enough: start this workflow again.\n",
    );
  });

  test("without a round keeps its plan files nowhere", () => {
    const { run, read } = workspace({ npm: 'echo "$*" > arguments\necho plan > plan.md' });
    expect(run("plan", "plan", "Plan", dev).status).toBe(0);
    expect(read("arguments")).not.toContain("--save-plans");
    const upload = stepsOf("plan", "plan").find(({ name }) => name === "Keep the encrypted plans");
    expect(upload?.if).toBe("${" + "{ steps.diff.outputs.digest != '' }}");
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
    job.write("plans/dev/01.md", "of dev\n");
    job.write("plans/prod/01.md", "of prod\n");
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

  test("has the first length of all environments with which they fit together, and the only one of a failed plan", () => {
    const job = workspace();
    const long = (sign: string) => `${`${sign} …\n`.repeat(10_000)}`;
    for (const name of ["dev", "prod"]) {
      job.write(`plans/${name}/01.md`, long("whole"));
      job.write(`plans/${name}/02.md`, "cut …\n".repeat(5000));
      job.write(`plans/${name}/03.md`, "brief\n");
    }
    job.write("plans/test/01.md", "FAILED\n");
    expect(job.run("diff", "comment", "Comment", values)).toEqual({ status: 0, stderr: "" });
    const body = job.read("body.md");
    expect(new Set(body.split("\n").slice(1, -2))).toEqual(new Set(["cut …", "", "FAILED"]));
    expect(body.length).toBeGreaterThan(60_000);
    expect(body.length).toBeLessThan(65_536);
  });

  test("says so with the run if the shortest length of all environments is too long", () => {
    const job = workspace();
    job.write("plans/dev/01.md", "a long plan\n".repeat(10_000));
    expect(job.run("diff", "comment", "Comment", values)).toEqual({ status: 0, stderr: "" });
    expect(job.read("body.md").split("\n").slice(0, 3)).toEqual([
      "<!-- evaluation-platform diff -->",
      "> [!CAUTION]",
      "> **There are too many environments for one comment.** [This run](https://github.example/runs/1) has all plans and warnings.",
    ]);
    expect(job.read("body.md")).toContain(link);
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
    job.write("plans/dev/01.md", "of dev\n");
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

  test("is as long as the comment at most", () => {
    const job = workspace();
    job.write("plans/dev/01.md", "a long plan\n".repeat(10_000));
    job.write("plans/dev/02.md", "brief\n");
    const values = { OPEN: "true", GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values).status).toBe(0);
    expect(job.read("body.md")).toContain("\nbrief\n");
    expect(job.read("body.md").length).toBeLessThan(1000);
  });
});

describeWithBash("stacks that the code no longer has", () => {
  const compare = (npm: string) => {
    const job = workspace({ npm });
    return { job, ended: job.run("diff", "removed", "Compare", { CHANGED_SINCE: "abc" }) };
  };

  test("are compared over all environments, without a plan, and told to the comment", () => {
    const { job, ended } = compare(
      'echo "$@" > called\nmkdir -p lengths/removed\necho gone | tee removed.md > lengths/removed/01.md\nexit 2',
    );
    expect(ended).toEqual({ status: 0, stderr: "" });
    expect(job.read("called")).toMatch(/^run --silent diff -- --changed-since abc --compare-only /);
    expect(job.read("output")).toBe("changes=true\n");
    expect(job.read("plans/removed/01.md")).toBe("gone\n");
  });

  test("leave no text if there are none, and fail the job if nobody knows", () => {
    const { job, ended } = compare("mkdir -p lengths/removed; echo none > removed.md");
    expect(ended.status).toBe(0);
    expect(job.read("output")).toBe("changes=false\n");
    expect(job.has("plans")).toBe(false);
    expect(compare("exit 1").ended.status).toBe(1);
  });
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
