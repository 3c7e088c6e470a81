import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { cloneInto } from "../support/clone.ts";
import { findMirror, mirrorConfiguration } from "../support/mirror.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { imitateAws } from "./imitated-aws.ts";

/*
 * The platform from nothing to nothing, with the commands of the README and the real AWS provider, on an AWS that is imitated
 * on this machine. Python with requirements.txt makes it; LIFECYCLE_PYTHON names that Python, as `.ci/run` does.
 */
const python = process.env.LIFECYCLE_PYTHON;
const mirror = findMirror();
const reason = python === undefined ? "LIFECYCLE_PYTHON is not set" : "missing" in mirror ? mirror.missing : undefined;

const directory = temporaryDirectory();
let stop: () => void = () => {};
let clone = "";
let env: Record<string, string> = {};

/** Runs cdktf in the clone as whoever has an account does; what it printed. */
async function cdktf(...args: string[]): Promise<string> {
  // The lock of provider versions asks Terraform's registry, which tests do without.
  const program = [process.execPath, require.resolve("cdktf-cli/bundle/bin/cdktf.js"), ...args, "--skip-provider-lock"];
  const { code, stdout, stderr } = await startProgram(program, { cwd: clone, env, withinMs: 400_000 }).finished;
  // Without the wheel that turns while it works.
  const said = stripVTControlCharacters(`${stdout}${stderr}`).replaceAll(/^\W*(Synthesizing|Processing)?\n/gm, "");
  if (code !== 0) throw new Error(`cdktf ${args.join(" ")} ended with ${code}:\n${said.slice(-5000)}`);
  return said;
}

const define = reason === undefined ? describe : describe.skip;
define(`the platform, from nothing to nothing${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  jest.setTimeout(600_000);

  beforeAll(async () => {
    clone = cloneInto(directory);
    if ("missing" in mirror) return;
    const aws = await imitateAws(python ?? "");
    stop = aws.stop;
    const account = "123456789012";
    const configuration = join(directory, "terraform.rc");
    writeFileSync(configuration, mirrorConfiguration(mirror.path));
    env = {
      TF_CLI_CONFIG_FILE: configuration,
      CHECKPOINT_DISABLE: "1",
      // The folder may be that very cache.
      CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
      AWS_ENDPOINT_URL: aws.address,
      AWS_ACCESS_KEY_ID: "imitated",
      AWS_SECRET_ACCESS_KEY: "imitated",
      PLATFORM_DEV_ACCOUNT_ID: account,
      PLATFORM_DEV_ADMINISTRATORS: `arn:aws:iam::${account}:role/platform-administrator`,
    };
  });
  afterAll(() => stop());

  test("a deploy makes everything", async () => {
    const said = await cdktf("deploy", "dev-platform", "--auto-approve");
    expect(said).toMatch(/Apply complete! Resources: \d+ added, 0 changed, 0 destroyed/);
    const addresses = readFileSync(join(__dirname, "../stacks/addresses/dev-platform.txt"), "utf8").trim().split("\n");
    expect(
      stateOf("dev-platform")
        .resources.map(({ type, name }) => `${type}.${name}`)
        .sort(),
    ).toEqual(addresses);
  });

  test("AWS reads back what was written: another deploy would change nothing", async () => {
    expect(await cdktf("diff", "dev-platform")).toContain("No changes");
    const ours = ["--import", "tsx", "tools/diff/index.ts", "dev", "--stack", "platform", "--exit-code"];
    const { code, stdout } = await startProgram([process.execPath, ...ours], { cwd: clone, env, withinMs: 200_000 })
      .finished;
    expect(stdout).toContain("nothing changes");
    expect(code).toBe(0);
  });

  test("a destroy takes all of it away", async () => {
    // The stacks that stand on it were never deployed.
    const said = await cdktf("destroy", "dev-platform", "--auto-approve", "--ignore-missing-stack-dependencies");
    expect(said).toContain("Destroy complete!");
    expect(stateOf("dev-platform").resources).toEqual([]);
  });

  /** Terraform's state of a stack, in the file where the README says it is. */
  function stateOf(stack: string): { readonly resources: readonly { readonly type: string; readonly name: string }[] } {
    return JSON.parse(readFileSync(join(clone, `terraform.${stack}.tfstate`), "utf8"));
  }
});
