import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { cloneInto } from "../support/clone.ts";
import { findMirror, mirrorConfiguration, mirrorLocks } from "../support/mirror.ts";
import { planRole, requestsIn } from "../support/plan-role.ts";
import { isAllowed } from "../support/policy-simulation.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { imitateAws, imitatedAccount, missingForLifecycle } from "./imitated-aws.ts";

/*
 * The platform from nothing to nothing, with the commands of the README and the real AWS provider, on an AWS that is imitated
 * on this machine. Python with requirements.txt makes it; LIFECYCLE_PYTHON names that Python, as `.ci/run` does.
 */
const python = process.env.LIFECYCLE_PYTHON;
const mirror = findMirror();
const reason = missingForLifecycle ?? ("missing" in mirror ? mirror.missing : undefined);

const directory = temporaryDirectory();
/** Where the AWS provider logs its requests. */
const requestLog = join(directory, "requests.log");
let stop: () => void = () => {};
let clone = "";
let env: Record<string, string> = {};

/** Runs cdktf in the clone as whoever has an account does; what it printed. */
async function cdktf(...args: string[]): Promise<string> {
  // The lock of provider versions asks Terraform's registry, which tests do without.
  const program = [process.execPath, require.resolve("cdktf-cli/bundle/bin/cdktf.js"), ...args, "--skip-provider-lock"];
  // cdktf makes `.terraform.d` in the home.
  const { code, stdout, stderr } = await startProgram(program, { cwd: clone, env: { ...env, HOME: directory } })
    .finished;
  // Without the wheel that turns while it works.
  const said = stripVTControlCharacters(`${stdout}${stderr}`).replaceAll(/^\W*(Synthesizing|Processing)?\n/gm, "");
  if (code !== 0) throw new Error(`cdktf ${args.join(" ")} ended with ${code}:\n${said.slice(-5000)}`);
  return said;
}

/** Runs one of this repository's commands in the clone; both streams, and the exit code. */
async function npm(...args: string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const { code, stdout, stderr } = await startProgram(["npm", "run", "--silent", ...args], {
    cwd: clone,
    env: { ...env, TF_LOG_PROVIDER: "debug", TF_LOG_PATH: requestLog },
  }).finished;
  return { code, said: `${stdout}${stderr}` };
}

const define = reason === undefined ? describe : describe.skip;
define(`the platform, from nothing to nothing${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    clone = cloneInto(directory);
    if ("missing" in mirror) return;
    const aws = await imitateAws(python ?? "");
    stop = aws.stop;
    const configuration = join(directory, "terraform.rc");
    writeFileSync(configuration, mirrorConfiguration(mirror.path));
    env = {
      TF_CLI_CONFIG_FILE: configuration,
      PLATFORM_PROVIDER_LOCKS: mirrorLocks(mirror.path, directory),
      CHECKPOINT_DISABLE: "1",
      // The folder may be that very cache.
      CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
      AWS_ENDPOINT_URL: aws.address,
      AWS_ACCESS_KEY_ID: "imitated",
      AWS_SECRET_ACCESS_KEY: "imitated",
      PLATFORM_DEV_ACCOUNT_ID: imitatedAccount,
      PLATFORM_DEV_ADMINISTRATORS: `arn:aws:iam::${imitatedAccount}:role/platform-administrator`,
    };
  });
  afterAll(() => stop());

  test("a deploy makes everything", async () => {
    const { code, said } = await npm("deploy", "--", "dev", "--stack", "platform", "--yes");
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toMatch(/Apply complete! Resources: \d+ added, 0 changed, 0 destroyed/);
    const addresses = readFileSync(join(__dirname, "../stacks/addresses/dev-platform.txt"), "utf8").trim().split("\n");
    expect(
      stateOf("dev-platform")
        .resources.map(({ type, name }) => `${type}.${name}`)
        .sort(),
    ).toEqual(addresses);
  });

  test("AWS reads back what was written: another deploy would change nothing, nor would one of cdktf", async () => {
    expect(await cdktf("diff", "dev-platform")).toContain("No changes");
    rmSync(requestLog);
    const { code, said } = await npm("diff", "--", "dev", "--stack", "platform", "--exit-code");
    // Its refresh finds dozens of lists that the deploy itself has filled.
    expect(said).toMatch(/│ dev-platform +│ nothing changes +│/);
    expect(code).toBe(0);
    // A plan needs no permission that the role of pull requests lacks.
    const requests = requestsIn(readFileSync(requestLog, "utf8"));
    expect(requests.length).toBeGreaterThan(40);
    expect(requests.filter((request) => !isAllowed(planRole(), request))).toEqual([]);
  });

  test("a change by hand is the only change outside Terraform, and a deploy of cdktf takes it back", async () => {
    await changeByHand("logs", "Logs_20140328.PutRetentionPolicy", {
      logGroupName: "/aws/eks/dev-platform/cluster",
      retentionInDays: 30,
    });
    const { code, said } = await npm("diff", "--", "dev", "--stack", "platform", "--exit-code");
    expect(said).toMatch(/│ dev-platform +│ +0 │ +1 │ +0 │ +0 │ 1 changed outside Terraform +│/);
    expect(code).toBe(2);
    expect(await cdktf("deploy", "dev-platform", "--auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
  });

  test("a destroy takes all of it away", async () => {
    const { code, said } = await npm("destroy", "--", "dev", "--yes");
    expect({ code, said }).toMatchObject({ code: 0 });
    // They were never deployed, so neither their charts nor the cluster are asked for.
    expect(said).toContain("dev-addons: nothing is deployed");
    // That is how Terraform ends the apply of a saved plan.
    expect(said).toMatch(/Apply complete! Resources: 0 added, 0 changed, \d+ destroyed\./);
    expect(stateOf("dev-platform").resources).toEqual([]);
  });

  /** A request of somebody else's, which nobody checks the signature of. */
  async function changeByHand(service: string, target: string, body: object): Promise<void> {
    const Authorization = `AWS4-HMAC-SHA256 Credential=imitated/20260101/us-west-2/${service}/aws4_request, SignedHeaders=host, Signature=0`;
    const headers = { Authorization, "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1" };
    const { status } = await fetch(env.AWS_ENDPOINT_URL ?? "", { method: "POST", headers, body: JSON.stringify(body) });
    expect(status).toBe(200);
  }

  /** Terraform's state of a stack, in the file where the README says it is. */
  function stateOf(stack: string): { readonly resources: readonly { readonly type: string; readonly name: string }[] } {
    return JSON.parse(readFileSync(join(clone, `terraform.${stack}.tfstate`), "utf8"));
  }
});
