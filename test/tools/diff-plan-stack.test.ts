import { join } from "node:path";
import { planStack } from "../../tools/diff/plan-stack.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const programs = new Programs(temporaryDirectory());
const before = process.env.TERRAFORM_BINARY_NAME;
afterAll(() => {
  process.env.TERRAFORM_BINARY_NAME = before;
  if (before === undefined) delete process.env.TERRAFORM_BINARY_NAME;
});

/** The error of a plan whose Terraform prints a diagnostic. */
function errorOf(diagnostic: object): string {
  programs.install(
    "terraform",
    `[ "$1" = plan ] || exit 0\necho '${JSON.stringify({ type: "diagnostic", diagnostic })}'\nexit 1`,
  );
  process.env.TERRAFORM_BINARY_NAME = join(programs.path, "terraform");
  const stack = { id: "dev-addons", folder: programs.path, dependencies: [], json: "{}", remarks: [] };
  const outcome = planStack(stack, "none", () => {});
  return outcome.kind === "failed" ? outcome.error : outcome.kind;
}

test("a chart's repository that cannot be reached is named with its release, and with what to do", () => {
  const detail =
    'Unable to locate chart cluster-autoscaler: looks like "https://kubernetes.github.io/autoscaler" is not a valid chart repository or cannot be reached: Get "https://kubernetes.github.io/autoscaler/index.yaml": dial tcp: no such host';
  const address = "helm_release.cluster-autoscaler_release";
  expect(errorOf({ severity: "error", summary: "Error locating chart", detail, address })).toBe(
    `Error locating chart\n${detail}\n(${address})\n\nA plan of this stack needs its charts' repositories: let this machine reach them (HTTPS_PROXY), or name a mirror in constructs/addons (README, Troubleshooting).`,
  );
  expect(errorOf({ severity: "error", summary: "Invalid index", detail: "There is none." })).toBe(
    "Invalid index\nThere is none.",
  );
});
