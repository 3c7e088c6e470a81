import { spawnSync } from "node:child_process";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { DeletionProtection } from "../../../constructs/support/deletion-protection.ts";
import { synthesize } from "../../support/synthesized.ts";

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

  test.each([
    ["true", 1],
    ["", 1],
    ["false", 0],
  ])(
    "lets a destroy begin only after a deploy without it: deployed as %j, its program exits with %i",
    (deployed, status) => {
      const [{ "local-exec": program }] = stackWith(false).one("terraform_data").provisioner;
      const ended = spawnSync(process.execPath, ["-e", program.command], {
        env: { DEPLOYED: deployed },
        encoding: "utf8",
      });
      expect([ended.status, ended.stderr]).toEqual([
        status,
        status === 0
          ? ""
          : "Deletion protection is still on: deploy once with cluster.deletionProtection: false, then destroy.\n",
      ]);
    },
  );
});
