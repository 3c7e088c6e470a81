import { chmodSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prod } from "../../environments.ts";
import { runProgram } from "../../tools/doctor/programs.ts";
import type { Checked } from "../../tools/doctor/report.ts";
import { findings, mine, own, programs, useHealthyAccount } from "../support/doctor.ts";
import { ingress } from "../support/ingress.ts";

useHealthyAccount();

const certificateArn = ingress.certificateArn.replace("111122223333", own);
/** An environment that makes the doctor ask everything it can ask. */
const everything = mine(prod, {
  services: { ingress: { ...ingress, certificateArn } },
  workload: { ...prod.workload, executors: [{ size: "large" }] },
});

/** What broken programs do, as a script of a shell. */
const garbage = {
  nothing: ":",
  "a page of a proxy": "echo '<html><title>nginx/1.21.6</title>sign in</html>'",
  "truncated JSON": `echo '{"terraform_version":"1.11.4","Account":"12'`,
  null: "echo null",
  "a list": "echo '[]'",
  "JSON without its fields": `echo '{"items":[{}],"Quota":{},"LoadBalancers":[1],"ResourceTagMappingList":{}}'`,
  "control characters": `printf '\\033[2J\\000\\007'`,
  "1 MB": `/usr/bin/head -c 1048576 /dev/zero | /usr/bin/tr '\\0' x`,
  "an error": "echo broken >&2; exit 1",
  "an error without a word": "exit 3",
  "a segmentation fault": "kill -SEGV $$",
};
const kinds = Object.entries(garbage);
const names = ["terraform", "aws", "docker", "kubectl"];

/** Each finding is one that a user can act on, and none comes from a check that has crashed. */
function expectSound(all: readonly Checked[]): void {
  for (const { status, found, needed, fix, ...rest } of all) {
    expect({ ...rest, found }).not.toMatchObject({ found: expect.stringMatching(/check itself failed|[^\P{Cc}\n]/u) });
    if (status === "problem" || status === "warning") expect([needed, fix]).not.toContain(undefined);
    expect(found.length).toBeLessThan(1000);
  }
}
const statusesOf = (all: readonly Checked[], wanted: readonly string[]) =>
  Object.fromEntries(all.filter(({ name }) => wanted.includes(name)).map(({ name, status }) => [name, status]));
async function expectThreeProblems(): Promise<readonly Checked[]> {
  const all = await findings(everything);
  expectSound(all);
  expect(statusesOf(all, ["Terraform", "AWS CLI", "Docker"])).toEqual({
    Terraform: "problem",
    "AWS CLI": "problem",
    Docker: "problem",
  });
  return all;
}

test.each(kinds)("programs that answer with %s are problems with a fix", async (_, script) => {
  for (const name of names) programs.install(name, script);
  const all = await expectThreeProblems();
  expect(statusesOf(all, ["credentials", "cluster access"])).toEqual({
    credentials: "problem",
    "cluster access": "not checked",
  });
});

test.each(kinds)("questions that AWS and the cluster answer with %s are never well", async (_, script) => {
  programs.install(
    "aws",
    `case "$1-$2" in
       --version-*) echo aws-cli/2.31.6 ;;
       sts-*) echo '{"Account":"${own}","Arn":"arn:aws:sts::${own}:assumed-role/deployer/me"}' ;;
       *) ${script} ;;
     esac`,
  );
  programs.install("kubectl", script);
  const all = await findings(everything);
  expectSound(all);
  const asked = ["quota of spot", "queue, large", "KEDA", "page and API", "load balancer", "login"];
  const statuses = statusesOf(all, asked);
  expect(Object.keys(statuses).sort()).toEqual([...asked].sort());
  expect(Object.values(statuses)).not.toContain("ok");
});

test("a program that may not be executed, or is no program of this machine, is a problem", async () => {
  chmodSync(join(programs.path, "terraform"), 0o644);
  for (const name of ["aws", "docker"]) {
    writeFileSync(join(programs.path, name), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 0]));
    chmodSync(join(programs.path, name), name === "aws" ? 0o755 : 0o600);
  }
  await expectThreeProblems();
});

test("a program that the system refuses to start is a problem", async () => {
  for (const name of ["terraform", "aws", "docker"]) {
    rmSync(join(programs.path, name), { force: true });
    symlinkSync(name, join(programs.path, name));
  }
  expect(await runProgram("aws", [])).toEqual({
    succeeded: false,
    stdout: "",
    reason: "cannot be started: spawn ELOOP",
  });
  await expectThreeProblems();
});

test("a program that hangs is given up, also if one that it has started keeps its output open", async () => {
  programs.install("docker", "/bin/sleep 60 & wait");
  const ended = await runProgram("docker", ["version"], { seconds: 0.2 });
  expect(ended).toEqual({ succeeded: false, stdout: "", reason: "no answer in 0.2 s" });
});

test("an answer of several megabytes is read whole", async () => {
  programs.install("aws", "/usr/bin/head -c 3000000 /dev/zero | /usr/bin/tr '\\0' x");
  expect((await runProgram("aws", [])).stdout).toHaveLength(3_000_000);
});
