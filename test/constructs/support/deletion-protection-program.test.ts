import { spawnSync } from "node:child_process";
import { TerraformElement } from "cdktf";
import { DeletionProtection } from "../../../constructs/support/deletion-protection.ts";
import { type ResourceJson, synthesize } from "../../support/synthesized.ts";

const made = synthesize((stack) => {
  // Elements that are no resources, such as outputs, have no address to depend on.
  new TerraformElement(stack, "element");
  new DeletionProtection(stack, "deletion-protection", { enabled: true });
}).one("terraform_data");

/** Runs the provisioner as Terraform does at destroy. */
function destroy(deployed: string | undefined) {
  const { interpreter, command }: ResourceJson = made.provisioner[0]["local-exec"];
  const [, ...args] = interpreter;
  const { DEPLOYED: _, ...env } = process.env;
  return spawnSync(process.execPath, [...args, command], {
    env: { ...env, ...(deployed !== undefined && { DEPLOYED: deployed }) },
    encoding: "utf8",
  });
}

describe("the program that a destroy runs first", () => {
  test.each(["true", "", undefined])(
    "refuses when the last deploy left the protection %j, and says what to do",
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

test("deletion protection waits for resources only", () => {
  expect(made.depends_on ?? []).toEqual([]);
});
