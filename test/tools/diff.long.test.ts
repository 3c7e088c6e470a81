import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Checkout } from "../support/checkout.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { hasTerraform } from "../support/with-terraform.ts";

const describeIfTerraform = hasTerraform("diff with real plans") ? describe : describe.skip;

const checkout = new Checkout(temporaryDirectory());
/** Two stacks of Terraform's built-in resources. The second reads an output of the first. */
const app = (platform: string) => `
import { App, DataResource, Fn, LocalBackend, TerraformOutput, TerraformStack, TerraformVariable } from "cdktf";
const app = new App();
const stack = (id: string) => {
  const made = new TerraformStack(app, id);
  new LocalBackend(made, { path: \`../../../terraform.\${id}.tfstate\` });
  return made;
};
const one = (scope: TerraformStack, id: string, input: unknown, triggersReplace: Record<string, unknown> = {}) => {
  const made = new DataResource(scope, id, { input: input as never, triggersReplace: triggersReplace as never });
  made.overrideLogicalId(id);
  return made;
};
const platform = stack("dev-platform");
const secret = new TerraformVariable(platform, "secret", { type: "string", sensitive: true, default: "hunter2" });
${platform}
const addons = stack("dev-addons");
one(addons, "release", reads.output);
addons.addDependency(platform);
new TerraformOutput(platform, "shown", { value: "unchanging" });
app.synth();
`;
const first = app(`const reads = one(platform, "network", "10.0.0.0/16", { zone: "a" });
one(platform, "group", "small");
one(platform, "gone", secret.value);`);
const second = app(`const reads = one(platform, "network", "10.0.0.0/16", { zone: "b" });
one(platform, "group", "large");
one(platform, "new", secret.value);`);

const apply = (stack: string) => {
  const folder = join(checkout.folder, "cdktf.out-diff", "stacks", stack);
  execFileSync("terraform", ["apply", "-auto-approve", "-input=false"], { cwd: folder, stdio: "ignore" });
};
/** The cells of a row of the table, wherever it is printed. */
const rowOf = (output: string, stack: string) =>
  output
    .split("\n")
    .find((line) => /^[│|]/.test(line) && line.includes(stack))
    ?.split(/[│|]/)
    .map((cell) => cell.replace(/[`*]/g, "").trim())
    .slice(1, -1);

describeIfTerraform("diff, from the first deploy to the last change", () => {
  test("of an undeployed environment creates the first stack, and names the one that the next waits for", async () => {
    checkout.write("main.ts", first);
    const { code, stdout } = await checkout.diff(["dev", "--exit-code"]);
    expect(rowOf(stdout, "dev-platform")).toEqual(["dev-platform", "3", "0", "0", "0", "2 outputs"]);
    expect(rowOf(stdout, "dev-addons")).toEqual(["dev-addons", "can be planned when dev-platform is deployed"]);
    expect(stdout).toContain("there is no state file here");
    expect(stdout).toContain("# terraform_data.network will be created");
    expect(code).toBe(2);
  });

  test("after a deploy finds no change", async () => {
    apply("dev-platform");
    await checkout.diff(["dev"]);
    apply("dev-addons");
    const { code, stdout } = await checkout.diff(["dev", "--exit-code"]);
    expect(rowOf(stdout, "dev-platform")).toEqual(["dev-platform", "nothing changes"]);
    expect(rowOf(stdout, "dev-addons")).toEqual(["dev-addons", "nothing changes"]);
    expect(stdout).not.toContain("there is no state file here");
    expect(code).toBe(0);
  });

  test("counts added, changed, replaced and destroyed resources, and never shows sensitive values", async () => {
    checkout.write("main.ts", second);
    const { code, stdout } = await checkout.diff(["dev", "--exit-code"]);
    expect(rowOf(stdout, "dev-platform")?.slice(0, 5)).toEqual(["dev-platform", "1", "1", "1", "1"]);
    expect(stdout).toMatch(/terraform_data\.network must be replaced/);
    expect(stdout).not.toContain("hunter2");
    expect(code).toBe(2);
    expect((await checkout.diff(["dev"])).code).toBe(0);
  });

  test("writes markdown to a file and the text to standard output", async () => {
    const { stdout } = await checkout.diff([
      "dev",
      "--stack",
      "platform",
      "--format",
      "markdown",
      "--output",
      "diff.md",
    ]);
    const markdown = checkout.read("diff.md");
    expect(rowOf(markdown, "dev-platform")?.slice(0, 5)).toEqual(["dev-platform", "1", "1", "1", "1"]);
    expect(markdown).toContain("<details><summary>Plan of dev-platform</summary>");
    expect(markdown + stdout).not.toMatch(/hunter2|dev-addons/);
    expect(stdout).toContain("┌");
  });

  test("leaves no plan file, which would hold sensitive values", async () => {
    await checkout.diff(["dev"]);
    const found = execFileSync("find", [checkout.folder, "-name", "*.tfplan"], { encoding: "utf8" });
    expect(found).toBe("");
  });

  test("shows an error whole, plans the other stacks, and fails", async () => {
    checkout.write(
      "main.ts",
      second.replace(
        "const reads",
        'platform.addOverride("resource.terraform_data.bad.lifecycle.ignore_changes", 1);\nconst reads',
      ),
    );
    const { code, stdout, stderr } = await checkout.diff(["dev", "--exit-code"]);
    expect(rowOf(stdout, "dev-platform")?.[1]).toMatch(/^FAILED: terraform (init|plan), see below$/);
    expect(rowOf(stdout, "dev-addons")?.[1]).toBe("nothing changes");
    expect(stdout).toContain("ignore_changes");
    expect(stderr).toContain("error: not planned: dev-platform");
    expect(code).toBe(1);
  });

  test("says that the state is locked, and plans all the same", async () => {
    checkout.write("main.ts", second);
    checkout.write(".terraform.dev-platform.tfstate.lock.info", "{}");
    const { code, stdout } = await checkout.diff(["dev"]);
    expect(stdout).toContain("dev-platform: its state is locked");
    expect(code).toBe(0);
  });
});
