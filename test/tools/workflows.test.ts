import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { environments } from "../../environments.ts";
import { awsProviderVersion } from "../support/mirror.ts";
import { read, root } from "../support/repository.ts";
import {
  action,
  expression,
  files,
  folder,
  jobs,
  scripts,
  steps,
  suffixOf,
  workflowOf,
  workflows,
} from "../support/workflows.ts";

test("there are the workflows that the README promises", () => {
  const names = ["apply", "ci", "deploy", "diff", "drift", "plan", "rounds"];
  expect(files.map((path) => path.slice(folder.length + 1)).sort()).toEqual(names.map((name) => `${name}.yml`));
});

test.each([...files, action])("%s is YAML without a warning", (path) => {
  const { errors, warnings } = parseDocument(read(path));
  expect([...errors, ...warnings]).toEqual([]);
});

test.each([...files, action])("%s pins every action by commit, and says which version that is", (path) => {
  for (const line of read(path)
    .split("\n")
    .filter((text) => /^\s*-?\s*uses:/.test(text))) {
    if (/uses: \.\//.test(line)) continue;
    expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

test("an action has the same commit everywhere", () => {
  const used = new Set(
    [...files, action].flatMap((path) => read(path).match(/[\w-]+\/[\w-]+@[0-9a-f]{40} # v\S+/g) ?? []),
  );
  const names = [...used].map((text) => text.slice(0, text.indexOf("@")));
  expect([...new Set(names)].sort()).toEqual([...names].sort());
  expect(names.length).toBeGreaterThan(3);
});

test.each(workflows)("%s may only read, and jobs name their further permissions", (_, { permissions, jobs: all }) => {
  expect(permissions).toEqual({ contents: "read" });
  for (const { permissions: own = {} } of Object.values(all)) {
    const writes = Object.entries(own).filter(([, access]) => access !== "read");
    // A token that writes and one for AWS are never in the same hands.
    expect(writes.length).toBeLessThanOrEqual(1);
    expect(["id-token", "pull-requests", "issues"]).toEqual(expect.arrayContaining(writes.map(([name]) => name)));
  }
});

test.each(jobs)("%s ends by itself, or is a workflow whose jobs do", (_, job) => {
  if (job.uses !== undefined) return expect(existsSync(join(root, job.uses))).toBe(true);
  expect(job["timeout-minutes"]).toBeGreaterThan(0);
  expect(job["timeout-minutes"]).toBeLessThanOrEqual(120);
});

test("no checkout leaves a token in .git", () => {
  const checkouts = steps.filter(([, { uses }]) => uses?.startsWith("actions/checkout@"));
  expect(checkouts.length).toBeGreaterThan(2);
  for (const [, step] of checkouts) expect(step.with).toMatchObject({ "persist-credentials": false });
});

test.each(scripts)("a script of %s takes its values from the environment, and is one that bash can read", (_, run) => {
  expect(run).not.toContain("${{");
  const { status, stderr, error } = spawnSync("bash", ["-n"], { input: run, encoding: "utf8" });
  // A machine without bash cannot check it.
  if (error === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("every script of package.json and every file that is called exists", () => {
  const known = Object.keys(JSON.parse(read("package.json")).scripts);
  const called = scripts.flatMap(([, run]) =>
    [...run.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name),
  );
  expect(called).toContain("diff");
  for (const name of called) expect(known).toContain(name);
  const local = steps.flatMap(([, { uses }]) => (uses?.startsWith("./") ? [uses] : []));
  for (const path of local) expect(existsSync(join(root, path, "action.yml"))).toBe(true);
});

test("ci runs .ci/run, and nothing else that could fail in its place", () => {
  const ci = workflowOf("ci");
  expect(ci.jobs.test?.steps?.at(-1)?.run).toBe(".ci/run");
  expect(existsSync(join(root, ".ci/run"))).toBe(true);
});

test("a job installs the dependencies once: .ci/run does it, or the set-up", () => {
  for (const [name, { steps: all = [] }] of jobs) {
    const itself = all.filter(({ run = "" }) => /npm (ci|install)|^\.ci\/run$/.test(run)).length;
    const setUps = all.filter(({ uses }) => uses === "./.github/actions/setup");
    const installing = setUps.filter(({ with: inputs }) => inputs?.dependencies !== "false").length;
    expect({ name, times: itself + installing }).toEqual({ name, times: Math.min(setUps.length, 1) });
  }
});

test("ci installs the lowest AWS provider, with which the tests plan, and every other provider of the stacks", () => {
  const { aws, ...others } = JSON.parse(read("test/terraform/providers.tf.json")).terraform.required_providers;
  expect(aws).toEqual({ source: "hashicorp/aws", version: awsProviderVersion });
  expect(Object.keys(others).sort()).toEqual(["helm", "kubernetes"]);
  const ci = workflowOf("ci");
  expect(ci.jobs.test?.steps?.some(({ run }) => run?.includes("cp test/terraform/providers.tf.json"))).toBe(true);
});

test.each([
  ["diff", "plan", "role"],
  ["drift", "plan", "role"],
  ["deploy", "rounds", "plan-role"],
])("%s plans every environment, each with its own role", (name, called, input) => {
  const workflow = workflowOf(name);
  const plans = Object.values(workflow.jobs).filter(({ uses }) => uses === `./.github/workflows/${called}.yml`);
  const expected = environments.map(({ name: environment }) => ({
    environment,
    role: expression(`vars.AWS_PLAN_ROLE_ARN_${suffixOf(environment)}`),
  }));
  expect(plans.map(({ with: inputs }) => ({ environment: inputs?.environment, role: inputs?.[input] }))).toEqual(
    expected,
  );
  for (const plan of plans) expect(plan.if).toContain("vars.AWS_PLAN_ROLE_ARN_");
});

test("pull requests from forks get no credentials, and the jobs that write to GitHub run no code of the repository", () => {
  const diff = workflowOf("diff");
  // Any other base is a branch that nobody has reviewed.
  expect(diff.on).toEqual({ pull_request: { branches: ["main"] } });
  for (const [name, job] of Object.entries(diff.jobs)) {
    if (job.permissions?.["id-token"] === undefined) continue;
    expect({ name, if: job.if }).toMatchObject({
      if: expect.stringContaining("head.repo.full_name == github.repository"),
    });
  }
  const writing = jobs.filter(([, { permissions = {} }]) =>
    ["pull-requests", "issues"].some((scope) => permissions[scope] === "write"),
  );
  expect(writing.map(([name]) => name)).toEqual([`${folder}/diff.yml comment`, `${folder}/drift.yml issue`]);
  for (const [, job] of writing) {
    expect(job.steps?.map(({ uses, run }) => uses?.replace(/@.*/, "") ?? (run === undefined ? "" : "script"))).toEqual([
      "actions/download-artifact",
      "script",
    ]);
    expect(job.steps?.[1]?.run).not.toMatch(/npm|node /);
  }
});

test("settings of environments are passed on, but not those that are empty or are no settings", () => {
  const [, script = ""] = scripts.find(([, run]) => run.includes("VARIABLES")) ?? [];
  const [, program = ""] = /node --eval '([\s\S]*)'/.exec(script) ?? [];
  const VARIABLES = JSON.stringify({
    PLATFORM_DEV_ACCOUNT_ID: "1",
    PLATFORM_EMPTY: "",
    PLATFORM_TWO: "a\nPATH=/evil",
    OTHER: "x",
  });
  const { stdout } = spawnSync(process.execPath, ["--eval", program], { env: { VARIABLES }, encoding: "utf8" });
  expect(stdout).toBe("PLATFORM_DEV_ACCOUNT_ID=1\n");
});
