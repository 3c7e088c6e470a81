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
  test("goes before every resource of the stack, those added after it included, and not before itself", () => {
    expect(stackWith(true).one("terraform_data").depends_on).toEqual(["aws_kms_key.before", "aws_kms_key.after"]);
  });

  test.each([true, false])("of %s is what Terraform and the state are told", (enabled) => {
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
});
