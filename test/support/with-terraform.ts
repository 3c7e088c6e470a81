import { spawnSync } from "node:child_process";
import { terraformProgram } from "../../tools/support/terraform.ts";
import { findMirror, terraformEnvironment } from "./mirror.ts";
import { canRun } from "./required.ts";
import { TerraformWorkspace } from "./terraform.ts";

/**
 * Whether a suite that needs Terraform without a downloaded provider can run. If not, it is to be skipped, with a line that says why, or
 * fails with `REQUIRE_TERRAFORM=1`.
 */
export function hasTerraform(name: string): boolean {
  const program = terraformProgram();
  const { error } = spawnSync(program, ["-version"], { env: terraformEnvironment() });
  return canRun(name, "REQUIRE_TERRAFORM", error && `${program} is not on PATH`);
}

/**
 * A suite that needs Terraform and the AWS provider. If one is missing, the suite is skipped with a line that says why, or fails
 * with `REQUIRE_TERRAFORM=1`.
 */
export function describeWithTerraform(name: string, define: (workspace: () => TerraformWorkspace) => void): void {
  const mirror = findMirror();
  if ("missing" in mirror) {
    canRun(name, "REQUIRE_TERRAFORM", mirror.missing);
    // The tests keep their names: Jest fails when a snapshot belongs to no test.
    describe.skip(name, () => {
      define(() => {
        throw new Error("a skipped suite has no workspace");
      });
    });
    return;
  }
  describe(name, () => {
    let workspace: TerraformWorkspace | undefined;
    beforeAll(() => {
      workspace = new TerraformWorkspace(mirror.path);
    });
    afterAll(() => workspace?.remove());
    define(() => {
      if (workspace === undefined) throw new Error("the workspace exists only while tests run");
      return workspace;
    });
  });
}
