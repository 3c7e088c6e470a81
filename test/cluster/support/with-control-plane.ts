import { canRun } from "../../support/required.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "./control-plane.ts";
import { missingForCluster } from "./programs.ts";

/**
 * A suite on a control plane of its own. If a program is missing, the suite is skipped with a line that says why, or fails with
 * `REQUIRE_CLUSTER=1`.
 *
 * @param options.missing a sentence that says what else the suite needs and is not here.
 */
export function describeWithControlPlane(
  name: string,
  options: ControlPlaneOptions & { readonly missing?: string | undefined },
  define: (plane: () => ControlPlane) => void,
): void {
  if (!canRun(name, "REQUIRE_CLUSTER", missingForCluster() ?? options.missing)) {
    describe.skip(name, () => define(() => never()));
    return;
  }
  describe(name, () => {
    let plane: ControlPlane | undefined;
    beforeAll(async () => {
      plane = await startControlPlane(options);
    });
    define(() => plane ?? never());
    // Last, because Jest runs these in their order: the suite's own clients end first.
    afterAll(() => plane?.stop());
  });
}

function never(): never {
  throw new Error("the control plane exists only while tests run");
}
