import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkout } from "../support/checkout.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const project = join(__dirname, "..", "..");
const directory = temporaryDirectory();

/** Runs the app as cdktf.json does, after its type-check. */
function runApp(variables: Record<string, string> = {}, folder = project) {
  const outdir = mkdtempSync(join(tmpdir(), "platform-app-"));
  try {
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "main.ts"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, CDKTF_OUTDIR: outdir, ...variables },
    });
    const stacks = status === 0 ? readdirSync(join(outdir, "stacks")).sort() : [];
    const written = stacks.map((stack) => readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8"));
    return { status, stderr, stacks, written, outdir };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

describe("the app", () => {
  test("synthesizes both environments at once, and writes no path of this machine", () => {
    const { status, stacks, written, outdir } = runApp();
    expect(status).toBe(0);
    const parts = ["addons", "image", "platform", "workload"];
    expect(stacks).toEqual(["dev", "prod"].flatMap((name) => parts.map((part) => `${name}-${part}`)));
    for (const text of written) {
      expect(text).not.toContain(project);
      expect(text).not.toContain(outdir);
    }
  });

  test("needs no Terraform, so that stacks can be read, priced and compared without it", () => {
    expect(runApp({ PATH: "" }).status).toBe(0);
  });

  test("prints the problems of an environment without a stack trace", () => {
    const { status, stderr } = runApp({ PLATFORM_PROD_ACCOUNT_ID: "mine" });
    expect(status).toBe(1);
    expect(stderr).toBe(
      'the configuration has 1 problem:\n  - prod.accountId must be an AWS account of 12 digits, got "mine": copy yours from aws sts get-caller-identity\n',
    );
  });

  test("prints the place in an evaluation that does not compile, without a stack trace", () => {
    const checkout = new Checkout(directory);
    checkout.write("worker/evaluations/collatz.ts", "export const evaluate = (\n");
    const { status, stderr } = runApp({}, checkout.folder);
    const path = join(checkout.folder, "worker/evaluations/collatz.ts");
    expect(stderr).toBe(`the evaluation ${path} cannot be bundled: collatz.ts:2: Unexpected end of file\n`);
    expect(status).toBe(1);
  });
});
