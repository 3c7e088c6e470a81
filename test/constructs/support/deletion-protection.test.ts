import { spawnSync } from "node:child_process";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { TerraformElement } from "cdktf";
import { DeletionProtection } from "../../../constructs/support/deletion-protection.ts";
import { type ResourceJson, synthesize } from "../../support/synthesized.ts";

const stackWith = (enabled: boolean) =>
  synthesize((stack) => {
    new KmsKey(stack, "before", {});
    new DeletionProtection(stack, "deletion-protection", { enabled });
    new KmsKey(stack, "after", {});
  });

describe("deletion protection", () => {
  test("is destroyed before every other resource of the stack, including those that are added after it", () => {
    expect(stackWith(true).one("terraform_data").depends_on).toEqual(["aws_kms_key.before", "aws_kms_key.after"]);
  });

  test.each([true, false])("of %s stands in the configuration of Terraform and in the state", (enabled) => {
    expect(stackWith(enabled).one("terraform_data")).toMatchObject({
      input: { protected: enabled },
      lifecycle: { prevent_destroy: enabled },
      provisioner: [
        {
          "local-exec": {
            when: "destroy",
            interpreter: ["node", "-e"],
            // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax.
            environment: { DEPLOYED: "${self.input.protected}" },
          },
        },
      ],
    });
  });

  test("waits for resources only: other elements, such as outputs, have no address to depend on", () => {
    const made = synthesize((stack) => {
      new TerraformElement(stack, "element");
      new DeletionProtection(stack, "deletion-protection", { enabled: true });
    });
    expect(made.one("terraform_data").depends_on ?? []).toEqual([]);
  });
});

/** Runs the provisioner as Terraform does at destroy. */
function destroy(deployed: string | undefined) {
  const { interpreter, command }: ResourceJson = stackWith(true).one("terraform_data").provisioner[0]["local-exec"];
  const [, ...args] = interpreter;
  const { DEPLOYED: _, ...env } = process.env;
  return spawnSync(process.execPath, [...args, command], {
    env: { ...env, ...(deployed !== undefined && { DEPLOYED: deployed }) },
    encoding: "utf8",
  });
}

describe("the program that a destroy runs first", () => {
  test.each(["true", "", undefined])(
    "refuses when the last deploy left the protection %j, and names the remedy",
    (deployed) => {
      expect(destroy(deployed)).toMatchObject({
        status: 1,
        stderr: "Deletion protection is still on: deploy once with cluster.deletionProtection: false, then destroy.\n",
      });
    },
  );

  test("lets the destroy go on when the last deploy switched the protection off", () => {
    expect(destroy("false")).toMatchObject({ status: 0, stderr: "" });
  });
});
