import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, DataResource, LocalBackend, TerraformStack } from "cdktf";
import { DeletionProtection } from "../../constructs/support/deletion-protection.ts";
import { prod } from "../../environments.ts";
import { devWith } from "../support/fixtures.ts";
import { messageOf, Synthesized } from "../support/synthesized.ts";
import { readStackFile } from "../support/terraform.ts";
import { describeWithTerraform } from "../support/with-terraform.ts";

describeWithTerraform("terraform destroys", (workspace) => {
  /** A stack with one thing in it, guarded or not, as `cdktf synth` writes it; its state outlives the edit. */
  const written = (name: string, deletionProtection?: boolean) => {
    const app = new App({ outdir: join(workspace().root, "cdktf.out") });
    const stack = new TerraformStack(app, name);
    new LocalBackend(stack, { path: join(workspace().root, `${name}.tfstate`) });
    if (deletionProtection !== undefined) {
      new DeletionProtection(stack, "deletion-protection", { enabled: deletionProtection });
    }
    new DataResource(stack, "job", { input: { workers: 3 } });
    app.synth();
    return join(app.outdir, "stacks", name);
  };
  const deploy = (folder: string) => {
    workspace().run(folder, "init", "-input=false", "-no-color");
    workspace().run(folder, "apply", "-auto-approve", "-input=false", "-no-color");
  };
  const destroy = (folder: string) => () => workspace().run(folder, "destroy", "-auto-approve", "-no-color");
  const left = (name: string): string[] =>
    JSON.parse(readFileSync(join(workspace().root, `${name}.tfstate`), "utf8")).resources.map(
      (resource: { name: string }) => resource.name,
    );
  const both = ["deletion-protection", "job"];

  test("nothing of a protected stack, and says why while it plans", () => {
    const folder = written("protected", true);
    deploy(folder);
    const message = messageOf(destroy(folder));
    expect(message).toContain("Instance cannot be destroyed");
    expect(message).toContain("terraform_data.deletion-protection");
    expect(left("protected")).toEqual(both);
  });

  test("nothing when the protection was edited and not deployed, and everything after the deploy", () => {
    deploy(written("edited", true));
    const folder = written("edited", false);
    expect(messageOf(destroy(folder))).toContain(
      "Deletion protection is still on: deploy once with cluster.deletionProtection: false, then destroy.",
    );
    expect(left("edited")).toEqual(both);
    deploy(folder);
    destroy(folder)();
    expect(left("edited")).toEqual([]);
  });

  test("an unprotected stack with nothing in the way", () => {
    const folder = written("unprotected");
    deploy(folder);
    destroy(folder)();
    expect(left("unprotected")).toEqual([]);
  });

  test("and replaces what runs in a protected stack", () => {
    const folder = written("replaced", true);
    deploy(folder);
    workspace().run(folder, "apply", "-auto-approve", "-input=false", "-no-color", "-replace=terraform_data.job");
    expect(left("replaced")).toEqual(both);
  });

  test("neither cluster nor bucket of a protected platform, and both of another", () => {
    const planned = (name: string, deletionProtection?: boolean) => {
      const cluster = { ...prod.cluster, deletionProtection };
      const folder = workspace().synthesize(devWith({ name, cluster }));
      const copy = workspace().copyWithoutAccount(folder, name);
      const stack = JSON.parse(readStackFile(copy));
      // The lowest provider does not know the attribute; `lifecycle` is Terraform's own.
      for (const made of Object.values<Record<string, unknown>>(stack.resource.aws_eks_cluster)) {
        delete made.deletion_protection;
      }
      writeFileSync(join(copy, "cdk.tf.json"), JSON.stringify(stack));
      const made = new Synthesized(stack);
      const addresses = ["aws_eks_cluster", "aws_s3_bucket"].map((type) => made.address(type));
      writeFileSync(join(copy, "terraform.tfstate"), stateOf(addresses));
      workspace().init(copy);
      return { addresses, plan: () => workspace().run(copy, "plan", "-destroy", "-refresh=false", "-no-color") };
    };

    const kept = planned("kept", true);
    const message = messageOf(kept.plan);
    expect(message).toContain("Instance cannot be destroyed");
    for (const address of kept.addresses) expect(message).toMatch(new RegExp(`Resource\\s+${address}`));
    expect(planned("released", false).plan()).toContain("Plan: 0 to add, 0 to change, 2 to destroy.");
    expect(planned("open").plan()).toContain("Plan: 0 to add, 0 to change, 2 to destroy.");
  });
});

/** A state that knows resources of the AWS provider, and nothing about them but that they are there. */
function stateOf(addresses: readonly string[]): string {
  const resources = addresses.map((address) => {
    const [type, name] = address.split(".");
    const schema_version = type === "aws_eks_cluster" ? 1 : 0;
    return {
      mode: "managed",
      type,
      name,
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: [{ schema_version, attributes: { id: "made-up" } }],
    };
  });
  return JSON.stringify({
    version: 4,
    terraform_version: "1.10.0",
    serial: 1,
    lineage: "test",
    outputs: {},
    resources,
  });
}
