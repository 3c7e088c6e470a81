import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { dev } from "../../environments.ts";
import { publicAccess } from "../../tools/doctor/configuration.ts";
import { diskFinding, machineFinding, nodeFinding } from "../../tools/doctor/machine.ts";
import { Programs } from "../support/programs.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";

const repository = join(__dirname, "..", "..");
const root = temporaryDirectory();
const programs = new Programs(mkdtempSync(join(root, "doctor-")));

/** Runs `npm run doctor` where the only programs are stand-ins. */
function doctor(args: readonly string[], env: Record<string, string> = {}) {
  const command = [process.execPath, "--import", "tsx", "tools/doctor/index.ts", ...args];
  return startProgram(command, { cwd: repository, env: { PATH: programs.path, TERRAFORM_BINARY_NAME: "", ...env } })
    .finished;
}

beforeEach(() => {
  programs.clear();
  programs.install("npm", "echo 10.8.2");
});

test.each([
  ["20.8.1", "2026-01-01", "problem"],
  ["20.9.0", "2026-04-30", "ok"],
  ["20.20.2", "2026-05-01", "warning"],
  ["24.11.0", "2026-11-21", "ok"],
  // Nothing is known of a release that does not exist yet.
  ["26.1.0", "2026-11-21", "ok"],
])("Node.js %s on %s: %s", (version, day, status) => {
  expect(nodeFinding(version, new Date(`${day}T12:00:00Z`))).toMatchObject({ status });
});

test.each([
  ["linux", "x64", "ok"],
  ["darwin", "arm64", "ok"],
  ["win32", "x64", "warning"],
  ["linux", "riscv64", "warning"],
])("a machine of %s %s: %s", (platform, arch, status) => {
  expect(machineFinding(platform, arch, 1)).toMatchObject({ status, found: `${platform} ${arch}, 1 core` });
});

test("a disk with less room than is needed is a warning", () => {
  expect(diskFinding(3 * 2 ** 30, 3)).toEqual({ status: "ok", found: "3.0 GiB" });
  expect(diskFinding(3 * 2 ** 30 - 1, 3)).toMatchObject({
    status: "warning",
    needed: expect.stringMatching(/^3 GiB or more/),
  });
  expect(diskFinding(0, 3).fix).toBe("rm -rf cdktf.out cdktf.out-diff");
});

test.each([
  [["198.18.7.9/32"], ["198.18.7.9"], "ok"],
  [["198.18.0.0/16", "8.8.8.0/24"], ["8.8.8.8"], "ok"],
  [["8.8.8.0/24"], ["8.8.9.8"], "warning"],
  // A router hides its address.
  [["8.8.8.0/24"], [], "not checked"],
  [["203.0.113.0/24"], ["8.8.8.8"], "problem"],
  [undefined, ["8.8.8.8"], "ok"],
])("access from %j to a machine with the addresses %j: %s", (endpointPublicAccessCidrs, addresses, status) => {
  const environment = { name: "dev", cluster: { ...dev.cluster, endpointPublicAccessCidrs } };
  expect(publicAccess(environment, addresses)).toMatchObject({ status });
});

test("without an environment warns of what a deploy lacks, which is no problem, and says how to go on", async () => {
  const { code, stdout } = await doctor([]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/ok +npm +10\.8\.2/);
  expect(stdout).toMatch(/not checked +Python +no python3 on PATH/);
  expect(stdout).toContain("npm run doctor -- dev");
  const [, deploy = ""] = stdout.split("\nTo deploy\n");
  for (const name of ["Terraform", "AWS CLI", "Docker", "credentials"]) {
    expect(deploy).toMatch(
      new RegExp(`warning +${name} .*not on PATH\\n +needed: .*; only a deploy needs it\\n +do: `),
    );
  }
  expect(deploy).toMatch(/\n0 problems, /);
});

test("without an environment accepts any credentials, and waits for none", async () => {
  programs.install("terraform", `echo '{"terraform_version":"1.11.4"}'`);
  programs.install("docker", "echo 28.2.2");
  programs.installAws("2.31.6");
  const arn = "arn:aws:iam::999999999999:user/me";
  programs.answer("sts-get-caller-identity", { json: { UserId: "me", Account: "999999999999", Arn: arn } });
  const { stdout } = await doctor([]);
  expect(stdout).toMatch(
    /ok +Terraform .*\n +ok +AWS CLI .*\n +ok +Docker .*\n +ok +credentials +arn:aws:iam::9+:user\/me/,
  );
  programs.install("aws", `[ "$1" = --version ] && { echo aws-cli/2.31.6; exit; }; exec /bin/sleep 60`);
  expect((await doctor([])).stdout).toMatch(/warning +credentials +aws sts get-caller-identity: no answer in 5 s/);
});

test("ends with 1 where there is a problem, after all the others", async () => {
  programs.remove("npm");
  const { code, stdout } = await doctor([]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/problem +npm +not on PATH\n +needed: .*\n +do: https:\/\/nodejs.org/);
  expect(stdout).toMatch(/\n1 problem, /);
});

test("tells a program the same as JSON, and nothing else", async () => {
  const { code, stdout } = await doctor(["dev", "--json"]);
  const { environment, problems, sections } = JSON.parse(stdout);
  expect({ code, environment }).toEqual({ code: 1, environment: "dev" });
  const checks: { name: string; status: string; fix?: string }[] = sections.flatMap(
    (section: { checks: object[] }) => section.checks,
  );
  expect(checks.filter(({ status }) => status === "problem")).toHaveLength(problems);
  expect(checks.find(({ name }) => name === "Terraform")).toMatchObject({ status: "problem", fix: expect.any(String) });
  for (const { status, fix } of checks) expect(fix === undefined).toBe(["ok", "not checked"].includes(status));
});

test("shows what is wrong with the configuration, and checks the machine all the same", async () => {
  const { code, stdout } = await doctor(["dev"], { PLATFORM_PROD_ACCOUNT_ID: "mine" });
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /problem +configuration +the configuration has 1 problem:\n +- prod\.accountId is not an AWS account/,
  );
  expect(stdout).toMatch(/ok +npm/);
});

test.each([{}, { PLATFORM_PROD_ACCOUNT_ID: "mine" }])(
  "refuses an environment that there is not (%j)",
  async (variables) => {
    const { code, stdout, stderr } = await doctor(["staging"], variables);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: 'error: environment: got "staging"; allowed is dev or prod\n',
    });
  },
);

test("explains itself", async () => {
  const { code, stdout } = await doctor(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: npm run doctor -- [options] [environment]");
});
