import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { kubernetesMinors } from "../../constructs/cluster/kubernetes-versions.ts";
import { environments } from "../../environments.ts";
import { variablePrefix } from "../../stacks/configuration/variables.ts";
import { awsProviderVersion } from "../support/mirror.ts";

const root = join(__dirname, "..", "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const folder = ".github/workflows";
const files = readdirSync(join(root, folder)).map((name) => join(folder, name));
const action = ".github/actions/setup/action.yml";

/** An expression as GitHub writes it. */
const expression = (value: string) => `\${{ ${value} }}`;

/** The end of the names of an environment's variables, for example `DEV_EU`. */
const suffixOf = (environment: string) => variablePrefix(environment).slice("PLATFORM_".length);

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly with?: Readonly<Record<string, string>>;
  readonly if?: string;
  readonly concurrency?: Concurrency;
  readonly secrets?: unknown;
}

interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": unknown;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflows = files.map((path): [string, Workflow] => [path, parse(read(path))]);
const jobs = workflows.flatMap(([path, { jobs: all }]) =>
  Object.entries(all).map(([name, job]): [string, Job] => [`${path} ${name}`, job]),
);
const steps = [
  ...jobs.flatMap(([name, job]) => (job.steps ?? []).map((step): [string, Step] => [name, step])),
  ...(parse(read(action)).runs.steps as Step[]).map((step): [string, Step] => [action, step]),
];
const scripts = steps.flatMap(([name, { run }]) => (run === undefined ? [] : [[name, run] as const]));

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
  const [, ci] = workflows.find(([path]) => path.endsWith("/ci.yml")) ?? [];
  expect(ci?.jobs.test?.steps?.at(-1)?.run).toBe(".ci/run");
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
  const [, ci] = workflows.find(([path]) => path.endsWith("/ci.yml")) ?? [];
  expect(ci?.jobs.test?.steps?.some(({ run }) => run?.includes("cp test/terraform/providers.tf.json"))).toBe(true);
});

test.each([
  ["diff", "plan", "role"],
  ["drift", "plan", "role"],
  ["deploy", "rounds", "plan-role"],
])("%s plans every environment, each with its own role", (name, called, input) => {
  const [, workflow] = workflows.find(([path]) => path.endsWith(`/${name}.yml`)) ?? [];
  const plans = Object.values(workflow?.jobs ?? {}).filter(({ uses }) => uses === `./.github/workflows/${called}.yml`);
  const expected = environments.map(({ name: environment }) => ({
    environment,
    role: expression(`vars.AWS_PLAN_ROLE_ARN_${suffixOf(environment)}`),
  }));
  expect(plans.map(({ with: inputs }) => ({ environment: inputs?.environment, role: inputs?.[input] }))).toEqual(
    expected,
  );
  for (const plan of plans) expect(plan.if).toContain("vars.AWS_PLAN_ROLE_ARN_");
});

describe("a deploy", () => {
  const jobsOf = (name: string) => workflows.find(([path]) => path.endsWith(`/${name}.yml`))?.[1].jobs ?? {};

  test("is never cancelled, and no round of another run comes between its rounds", () => {
    const [, deploy] = workflows.find(([path]) => path.endsWith("/deploy.yml")) ?? [];
    const deploying = Object.entries(deploy?.jobs ?? {}).filter(([, { uses }]) => uses?.endsWith("/rounds.yml"));
    expect(deploying.map(([name]) => name)).toEqual(environments.map(({ name }) => name));
    for (const [name, { concurrency, with: inputs }] of deploying) {
      // Each has a group of its own: a run that waits for one environment's reviewers blocks no other.
      expect({ name, ...concurrency }).toEqual({
        name: inputs?.environment,
        group: `deploy-${name}`,
        "cancel-in-progress": false,
      });
      const suffix = suffixOf(name);
      expect(inputs).toMatchObject({
        "deploy-role": expression(`vars.AWS_DEPLOY_ROLE_ARN_${suffix}`),
        "public-key": expression(`vars.PLAN_PUBLIC_KEY_${suffix}`),
      });
    }
    expect(deploy?.concurrency).toBeUndefined();
    expect(Object.keys(deploy?.on ?? {})).toEqual(["push", "workflow_dispatch"]);
  });

  test("of prod needs one of dev that succeeded, or that is not set up", () => {
    // A dev that a later run replaces in the queue is cancelled, which is neither a failure nor a cancelled workflow.
    expect(jobsOf("deploy").prod).toMatchObject({
      needs: "dev",
      if: expect.stringContaining(`!cancelled() && contains(fromJSON('["success", "skipped"]'), needs.dev.result)`),
    });
  });

  test("fails if its third round leaves something", () => {
    const { left } = jobsOf("rounds");
    expect(left).toMatchObject({ needs: "round-3", if: expression("needs.round-3.outputs.later == 'true'") });
  });

  test("has three equal rounds, and each begins only if the one before it has left something", () => {
    const rounds = Object.entries(jobsOf("rounds")).filter(([name]) => name !== "left");
    expect(rounds.map(([name]) => name)).toEqual(["round-1", "round-2", "round-3"]);
    rounds.forEach(([name, job], index) => {
      expect(job).toEqual({
        ...rounds[0]?.[1],
        ...(index > 0 && { needs: `round-${index}`, if: expression(`needs.round-${index}.outputs.later == 'true'`) }),
        with: { ...rounds[0]?.[1].with, round: name.slice("round-".length) },
      });
    });
    expect(rounds[0]?.[1].uses).toBe("./.github/workflows/apply.yml");
  });

  test("waits for its environment's reviewers, and applies the plans that they approved without another plan", () => {
    const { plan, apply } = jobsOf("apply");
    expect(apply).toMatchObject({ environment: expression("inputs.environment"), needs: "plan" });
    const steps = apply?.steps ?? [];
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual([
      // `exec` lets the signals of a cancelled job reach the deploy.
      'exec npm run --silent deploy -- "$ENVIRONMENT" --plans saved --approved "$DIGEST"',
    ]);
    expect(steps.at(-1)?.env).toMatchObject({
      DIGEST: expression("needs.plan.outputs.digest"),
      PLAN_PRIVATE_KEY: expression("secrets.PLAN_PRIVATE_KEY"),
    });
    // Expired credentials can neither save a state nor unlock it, and last an hour by default.
    const credentials = steps.find(({ uses }) => uses?.startsWith("aws-actions/configure-aws-credentials@"));
    expect(credentials?.with?.["role-duration-seconds"]).toBe((apply?.["timeout-minutes"] ?? 0) * 60);
    // What one job uploads, the other downloads.
    const artifact = (all: readonly Step[], action: string) =>
      all.find(({ uses, with: inputs }) => uses?.includes(action) && String(inputs?.name).startsWith("saved-"))?.with;
    const uploaded = artifact(jobsOf("plan").plan?.steps ?? [], "upload-artifact");
    const downloaded = artifact(steps, "download-artifact");
    expect([uploaded?.name, uploaded?.path]).toEqual([downloaded?.name, downloaded?.path]);
    expect(plan?.with).toMatchObject({
      round: expression("inputs.round"),
      "public-key": expression("inputs.public-key"),
    });
  });

  test("gives the private key to the job alone that names the environment", () => {
    const reading = files.filter((path) => /secrets\.(?!GITHUB_TOKEN)/.test(read(path).replaceAll(/^\s*#.*$/gm, "")));
    expect(reading).toEqual([join(folder, "apply.yml")]);
    const inheriting = jobs.filter(([, job]) => job.secrets !== undefined).map(([name]) => name);
    const expected = ["deploy.yml dev", "deploy.yml prod", ...[1, 2, 3].map((round) => `rounds.yml round-${round}`)];
    expect(inheriting).toEqual(expected.map((name) => join(folder, name)));
  });
});

test("pull requests from forks get no credentials, and the jobs that write to GitHub run no code of the repository", () => {
  const [, diff] = workflows.find(([path]) => path.endsWith("/diff.yml")) ?? [];
  // Any other base is a branch that nobody has reviewed.
  expect(diff?.on).toEqual({ pull_request: { branches: ["main"] } });
  for (const [name, job] of Object.entries(diff?.jobs ?? {})) {
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

describe("Renovate", () => {
  const { packageRules, schedule, extends: presets } = JSON.parse(read(".github/renovate.json"));
  interface Rule {
    readonly matchPackageNames?: readonly string[];
    readonly matchUpdateTypes?: readonly string[];
    readonly allowedVersions?: string;
    readonly enabled?: boolean;
  }
  const matches = (pattern: string, name: string) =>
    pattern.endsWith("/**") ? name.startsWith(pattern.slice(0, -2)) : pattern === name;
  const rulesOf = (name: string) =>
    (packageRules as Rule[]).filter(({ matchPackageNames = [] }) =>
      matchPackageNames.some((pattern) => matches(pattern, name)),
    );
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  const final = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => /cdktf|^constructs$/.test(name));

  test("knows every package whose versions are final", () => {
    expect(final.sort()).toEqual([
      "@cdktf/provider-aws",
      "@cdktf/provider-helm",
      "@cdktf/provider-kubernetes",
      "cdktf",
      "cdktf-cli",
      "constructs",
    ]);
  });

  test.each(final)("never touches %s", (name) => {
    expect(
      rulesOf(name).some(({ enabled, matchUpdateTypes }) => enabled === false && matchUpdateTypes === undefined),
    ).toBe(true);
  });

  test("holds the types of Node.js at the lowest major that is supported", () => {
    const [, lowest = ""] = /^>=(\d+)/.exec(JSON.parse(read("package.json")).engines.node) ?? [];
    expect(rulesOf("@types/node")[0]?.allowedVersions).toBe(`<${Number(lowest) + 1}`);
    expect(devDependencies["@types/node"].split(".")[0]).toBe(lowest);
  });

  test("finds the release of the nodes of each Kubernetes minor, and newer ones in the changelog of their image", () => {
    const { customManagers, customDatasources } = JSON.parse(read(".github/renovate.json"));
    const [{ managerFilePatterns, matchStrings, datasourceTemplate, extractVersionTemplate, versioningTemplate }] =
      customManagers;
    const file = "constructs/cluster/kubernetes-versions.ts";
    expect(new RegExp(managerFilePatterns[0].slice(1, -1)).test(file)).toBe(true);
    const found = [...read(file).matchAll(new RegExp(matchStrings[0], "g"))].map(({ groups }) => groups);
    expect(found.map((groups) => groups?.minor)).toEqual(Object.keys(kubernetesMinors));
    expect(found.map((groups) => groups?.currentValue)).toEqual(
      Object.values(kubernetesMinors).map(({ nodeReleaseVersion }) => nodeReleaseVersion),
    );
    const { format, defaultRegistryUrlTemplate } = customDatasources[datasourceTemplate.replace("custom.", "")];
    // Renovate trims each line of a plain text, and takes it for a version.
    expect([format, defaultRegistryUrlTemplate]).toEqual([
      "plain",
      "https://raw.githubusercontent.com/awslabs/amazon-eks-ami/main/CHANGELOG.md",
    ]);
    const changelog = [
      "<summary><b>Kubernetes 1.36</b></summary>",
      "<td>amazon-eks-node-al2023-x86_64-nvidia-1.36-v20260714</td>",
      '<td rowspan="5">1.36.2-20260714</td>',
      "<td>amazon-eks-node-al2023-arm64-standard-1.35-v20260714</td>",
      '<td rowspan="5">1.35.6-20260714</td>',
    ];
    const line = new RegExp(extractVersionTemplate.replaceAll("{{{minor}}}", "1.35"));
    expect(changelog.flatMap((text) => line.exec(text)?.groups?.version ?? [])).toEqual(["1.35.6-20260714"]);
    const versioning = new RegExp(versioningTemplate.replace("regex:", ""));
    expect({ ...versioning.exec("1.35.6-20260714")?.groups }).toEqual({
      major: "1",
      minor: "35",
      patch: "6",
      build: "20260714",
    });
  });

  test("pins actions and images by digest, and asks once a week", () => {
    expect(presets).toEqual(expect.arrayContaining(["helpers:pinGitHubActionDigests", "docker:pinDigests"]));
    expect(schedule).toEqual(["before 6am on monday"]);
  });
});

test.each(["bug.yml", "feature.yml"])("the form %s asks questions that GitHub can show", (name) => {
  const form = parse(read(join(".github/ISSUE_TEMPLATE", name)));
  expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
  const ids = form.body.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { type, attributes } of form.body) {
    expect(["textarea", "dropdown", "input", "checkboxes"]).toContain(type);
    expect(attributes.label).toMatch(/\S/);
    if (type === "dropdown") expect(attributes.options.length).toBeGreaterThan(1);
  }
});
