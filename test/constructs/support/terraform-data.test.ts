import { TerraformData } from "../../../constructs/support/terraform-data.ts";
import { synthesize } from "../../support/synthesized.ts";

test("a terraform_data resource keeps its input, its triggers and its meta-arguments", () => {
  const made = synthesize((stack) => {
    new TerraformData(stack, "plain", {});
    new TerraformData(stack, "full", {
      input: { a: 1 },
      triggersReplace: { b: 2 },
      lifecycle: { preventDestroy: true },
    });
  });
  expect(made.one("terraform_data", "plain")).toEqual({});
  expect(made.one("terraform_data", "full")).toEqual({
    input: { a: 1 },
    triggers_replace: { b: 2 },
    lifecycle: { prevent_destroy: true },
  });
});
