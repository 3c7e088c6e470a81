import { createHash } from "node:crypto";
import { describeWithBash, workspace } from "../support/workflow-scripts.ts";
import { stepsOf } from "../support/workflows.ts";

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
