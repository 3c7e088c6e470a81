import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removedUnknown } from "../../tools/diff/bills.ts";
import { Checkout } from "../support/checkout.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const hasGit = spawnSync("git", ["--version"]).error === undefined;
if (!hasGit) process.stderr.write("skipped, diff since a commit: git is not on PATH\n");
const describeWithGit = hasGit ? describe : describe.skip;

const checkout = new Checkout(temporaryDirectory());
const temporary = temporaryDirectory();
const environments = "environments.ts";
const original = checkout.read(environments);
/** A Terraform that always fails. Its failures show which stacks are planned. */
const standIn = join(temporaryDirectory(), "terraform");
writeFileSync(standIn, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
const since = (ref: string, ...args: string[]) =>
  checkout.diff(["--changed-since", ref, ...args], { TERRAFORM_BINARY_NAME: standIn });
const planned = (stdout: string) => [...stdout.matchAll(/│ (\S+) +│ FAILED/g)].map(([, stack]) => stack);

describeWithGit("diff since a commit", () => {
  beforeAll(() => {
    checkout.initialize();
    checkout.git("tag", "base");
  });

  test("a change without effect plans nothing, with a remark", async () => {
    checkout.write(environments, `${original}\n// A comment is no change.\n`);
    const { code, stdout, stderr } = await since("base", "--exit-code");
    expect(stdout).toBe(
      ["dev", "prod"]
        .map((name) => `${name}: its synthesized stacks have not changed since base, so nothing was planned.\n`)
        .join("\n"),
    );
    expect(stderr).not.toContain("init");
    expect(code).toBe(0);
  });

  test("only the environment that changes is planned, all of its stacks, committed or not", async () => {
    checkout.write(
      environments,
      original
        .replace(
          "executor: { ...nodePools.executor, capacity: fromZero(10)",
          "executor: { ...nodePools.executor, capacity: fromZero(11)",
        )
        .replace("workers: 3 }", 'workers: 12, placement: "one-per-node" }'),
    );
    const { code, stdout } = await since("base");
    // On how many machines a job runs is said of every stack with jobs, whether it can be planned or not.
    expect(stdout).toContain(
      "\ndev-workload: warning: ttg-computation: 12 workers need 12 c5.2xlarge of executor, one for each; executor allows 11, so that 11 run at a time and the others wait for them\n",
    );
    expect(planned(stdout)).toEqual(["dev-platform", "dev-addons", "dev-image", "dev-workload"]);
    expect(stdout).toContain("prod: its synthesized stacks have not changed since base");
    expect(code).toBe(1);
    checkout.commit();
    expect(planned((await since("base")).stdout)).toEqual(["dev-platform", "dev-addons", "dev-image", "dev-workload"]);
    expect(planned((await since("HEAD")).stdout)).toEqual([]);
  });

  test("another provider changes every stack that uses it, though no stack's JSON names its version", async () => {
    const locks = "providers/.terraform.lock.hcl";
    const before = checkout.read(locks);
    checkout.write(locks, before.replace('"2.38.0"', '"2.38.1"'));
    const { stdout } = await since("HEAD");
    checkout.write(locks, before);
    expect(planned(stdout)).toEqual(
      ["dev", "prod"].flatMap((name) => ["platform", "addons", "image", "workload"].map((part) => `${name}-${part}`)),
    );
  });

  test("what main did meanwhile is not this branch's change", async () => {
    checkout.git("checkout", "--quiet", "-b", "feature");
    checkout.git("checkout", "--quiet", "main");
    checkout.write(environments, original.replace("workers: 50", "workers: 49"));
    checkout.commit();
    checkout.git("checkout", "--quiet", "feature");
    expect(planned((await since("main")).stdout)).toEqual([]);
  });

  test("an environment that is no longer in the code is told with its bill, also without a plan and credentials", async () => {
    checkout.write(environments, original.replace("= [dev, prod];", "= [dev];"));
    const { code, stdout } = await since("base", "--compare-only", "--exit-code");
    expect(stdout).toContain("WARNING, prod-platform is REMOVED from the code\n  nothing destroys its resources");
    expect(stdout).toMatch(/it goes on costing \$[\d,]+/);
    expect(stdout).not.toContain("FAILED");
    expect(code).toBe(2);
    expect((await since("base", "dev", "--compare-only", "--exit-code")).code).toBe(0);
  });

  test("a base that cannot be synthesized makes everything count as changed, with the reason", async () => {
    checkout.write("main.ts", 'throw new Error("broken base");\n');
    checkout.commit();
    checkout.git("tag", "broken");
    checkout.git("checkout", "--quiet", "base", "--", ".");
    const { stdout } = await since("broken", "--stack", "platform");
    const reason = /cannot be synthesized, so every stack counts as changed: .*broken base/;
    expect(stdout).toMatch(reason);
    expect(planned(stdout)).toEqual(["dev-platform", "prod-platform"]);
    const compared = await since("broken", "--compare-only", "--exit-code");
    expect(compared.stdout).toMatch(reason);
    expect(compared.code).toBe(2);
  });

  test("nobody knows what is removed since a base whose configuration is refused: exit code 2, and the problem", async () => {
    checkout.write(environments, original.replace("10.0.0.0/16", "10.0.0.0/33"));
    checkout.commit();
    checkout.git("tag", "refused");
    checkout.git("checkout", "--quiet", "base", "--", ".");
    const { code, stdout } = await since("refused", "--compare-only", "--exit-code");
    expect(stdout).toMatch(
      /so every stack counts as changed: the configuration has \d+ problems?: - dev\.network\.cidrBlock/,
    );
    expect(stdout).toContain(`WARNING: ${removedUnknown}.`);
    expect(code).toBe(2);
    expect((await since("refused", "dev", "--compare-only", "--exit-code")).code).toBe(0);
  });

  test("a diff that is interrupted leaves neither a checkout of the other commit nor a worktree", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "tools/diff/index.ts", "--changed-since", "base"], {
      cwd: checkout.folder,
      env: { ...process.env, TERRAFORM_BINARY_NAME: standIn, TMPDIR: temporary },
      stdio: "ignore",
    });
    const ended = new Promise((done) => child.on("close", (_code, signal) => done(signal)));
    const checkouts = () => readdirSync(temporary).filter((name) => existsSync(join(temporary, name, "base")));
    await until(() => checkouts().length > 0);
    child.kill("SIGINT");
    expect(await ended).toBe("SIGINT");
    expect(checkouts()).toEqual([]);
    expect(checkout.git("worktree", "list").trim().split("\n")).toHaveLength(1);
  });

  test("a commit that git does not know, and an app that fails, are errors that say so", async () => {
    expect(await since("nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        '--changed-since must be a branch, tag or commit with common history, got "nowhere": in a shallow clone,',
      ),
    });
    checkout.write("main.ts", 'throw new Error("broken here");\n');
    expect(await since("base")).toMatchObject({ code: 1, stderr: expect.stringContaining("broken here") });
  });
});
