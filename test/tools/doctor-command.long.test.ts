import { mkdtempSync } from "node:fs";
import { join } from "node:path";
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

beforeEach(() => programs.clear());

test("without an environment warns of the missing parts of a deploy, which are no problem, and names the next step", async () => {
  const { code, stdout } = await doctor([]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/ok +Node\.js/);
  expect(stdout).toContain("npm run doctor -- dev");
  const [, deploy = ""] = stdout.split("\nTo deploy\n");
  for (const name of ["Terraform", "AWS CLI", "Docker", "credentials"]) {
    expect(deploy).toMatch(
      new RegExp(`warning +${name} .*not on PATH\\n +needed: .*; only a deploy needs it\\n +do: `),
    );
  }
  expect(deploy).toMatch(/\n0 problems, 4 warnings, 0 not checked\n/);
});

test("without an environment accepts any credentials, and does not wait for a program that hangs", async () => {
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
  expect((await doctor([])).stdout).toMatch(/warning +credentials +aws: no answer in 10 s/);
});

test("prints the same findings as JSON, and nothing else", async () => {
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

test("reports an invalid configuration, and still checks the machine", async () => {
  const { code, stdout } = await doctor(["dev"], { PLATFORM_PROD_ACCOUNT_ID: "mine" });
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /problem +configuration +the configuration has 1 problem:\n +- prod\.accountId must be .*, got "mine": /,
  );
  expect(stdout).toMatch(/ok +Node\.js/);
});

test.each([{}, { PLATFORM_PROD_ACCOUNT_ID: "mine" }])("refuses an unknown environment (%j)", async (variables) => {
  const { code, stdout, stderr } = await doctor(["staging"], variables);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: "",
    stderr: 'error: environment must be dev or prod, got "staging": name one of environments.ts\n',
  });
});
