import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPrinted } from "../../tools/diff/diagnostics.ts";
import { planStack } from "../../tools/diff/plan-stack.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const programs = new Programs(temporaryDirectory());
const folder = temporaryDirectory();
const before = process.env.TERRAFORM_BINARY_NAME;
afterAll(() => {
  process.env.TERRAFORM_BINARY_NAME = before;
  if (before === undefined) delete process.env.TERRAFORM_BINARY_NAME;
});

/** The error of a plan whose Terraform prints a diagnostic. */
async function errorOf(diagnostic: object): Promise<string> {
  programs.install(
    "terraform",
    `[ "$1" = plan ] || exit 0\necho '${JSON.stringify({ type: "diagnostic", diagnostic })}'\nexit 1`,
  );
  process.env.TERRAFORM_BINARY_NAME = join(programs.path, "terraform");
  const stack = { id: "dev-addons", folder: programs.path, dependencies: [], json: "{}", remarks: [] };
  const outcome = await planStack(stack, { refresh: "none", progress: () => {} });
  return outcome.kind === "failed" ? outcome.error : outcome.kind;
}

test("a chart's repository that cannot be reached is named with its release, and with what to do", async () => {
  const detail =
    'Unable to locate chart cluster-autoscaler: looks like "https://kubernetes.github.io/autoscaler" is not a valid chart repository or cannot be reached: Get "https://kubernetes.github.io/autoscaler/index.yaml": dial tcp: no such host';
  const address = "helm_release.cluster-autoscaler_release";
  expect(await errorOf({ severity: "error", summary: "Error locating chart", detail, address })).toBe(
    `Error locating chart\n${detail}\n(${address})\n\nA plan of this stack needs its charts' repositories: let this machine reach them (HTTPS_PROXY), or name a mirror in constructs/addons (docs/troubleshooting.md).`,
  );
  expect(await errorOf({ severity: "error", summary: "Invalid index", detail: "There is none." })).toBe(
    "Invalid index\nThere is none.",
  );
});

test("an initialised folder is initialised again only if Terraform asks for it", async () => {
  const folder = join(programs.path, "stack");
  const calls = join(programs.path, "calls");
  const answer = { format_version: "1.2", planned_values: {}, resource_changes: [] };
  programs.install(
    "terraform",
    `echo "$1" >> ${calls}
case "$1" in
init) mkdir -p .terraform && touch .terraform/fits;;
plan) [ -e .terraform/fits ] || { printf 'Error: Inconsistent dependency lock file\\n\\nTo select them, run:\\n  terraform\\n  init\\n' >&2; exit 1; }
  printf 'data.x.y: Reading...\\n\\nNo changes.\\n\\nWarning: Deprecated\\n\\n  with aws_x.y,\\n  on cdk.tf.json line 1:\\n\\nIt is\\nold.\\n';;
show) echo '${JSON.stringify(answer)}';;
esac`,
  );
  process.env.TERRAFORM_BINARY_NAME = join(programs.path, "terraform");
  mkdirSync(folder);
  const stack = { id: "dev-platform", folder, dependencies: [], json: "{}", remarks: [] };
  const stepsOf = async () => {
    rmSync(calls, { force: true });
    const outcome = await planStack(stack, { refresh: "none", progress: () => {} });
    expect(outcome).toMatchObject({
      kind: "planned",
      text: "No changes.",
      warnings: [{ severity: "warning", summary: "Deprecated", detail: "It is old.", address: "aws_x.y" }],
    });
    return readFileSync(calls, "utf8").trim().split("\n");
  };
  expect(await stepsOf()).toEqual(["init", "plan", "show"]);
  expect(await stepsOf()).toEqual(["plan", "show"]);
  // Another lock file, or another backend.
  rmSync(join(folder, ".terraform", "fits"));
  expect(await stepsOf()).toEqual(["plan", "init", "plan", "show"]);
});

test("a plan that Terraform could not write whole is an error without colours, with what to do", async () => {
  programs.install(
    "terraform",
    `[ "$1" = show ] || exit 0\ncase "$*" in *-no-color*) echo 'not a valid zip file' >&2;; esac\nexit 1`,
  );
  process.env.TERRAFORM_BINARY_NAME = join(programs.path, "terraform");
  const stack = { id: "dev-image", folder: programs.path, dependencies: [], json: "{}", remarks: [] };
  expect(await planStack(stack, { refresh: "none", progress: () => {} })).toMatchObject({
    kind: "failed",
    step: "show",
    error: `not a valid zip file\n\nIs there space left in ${tmpdir()}? TMPDIR names another folder.`,
  });
});

test("the printed plan is read without lines about refreshes, and its values are no warnings", () => {
  const plan = `Terraform will perform the following actions:

  + resource "terraform_data" "c" {
      + input = <<-EOT
            Warning: not one
        EOT
    }

Plan: 1 to add, 0 to change, 0 to destroy.`;
  const warnings = `Warning: Value for undeclared variable

The root module does not declare it. If you meant
to use this value, add a block.

To silence these warnings:
  one
  two

Warning: Check block assertion failed

  on main.tf line 17, in check "one":
  17:    condition = terraform_data.a.output == "y"
    ├────────────────
    │ terraform_data.a.output is "x"

The value is not y.
`;
  expect(readPrinted(`terraform_data.c: Refreshing state... [id=1]\n\n${plan}\n\n${warnings}`)).toEqual({
    text: plan,
    warnings: [
      {
        severity: "warning",
        summary: "Value for undeclared variable",
        detail:
          "The root module does not declare it. If you meant to use this value, add a block.\n\nTo silence these warnings:\n  one\n  two",
      },
      { severity: "warning", summary: "Check block assertion failed", detail: "The value is not y." },
    ],
  });
  expect(readPrinted(`\n${plan}\n`)).toEqual({ text: plan, warnings: [] });
});

test("a folder whose first init failed, or whose providers were deleted, is initialised again", async () => {
  // The words of Terraform 1.11.4 with TF_IN_AUTOMATION, which do not name the command.
  const missing = `Error: Required plugins are not installed

The installed provider plugins are not consistent with the packages selected
in the dependency lock file. You must install the required plugins before
running Terraform operations.`;
  const done = join(programs.path, "done");
  programs.install(
    "terraform",
    `case "$1" in
       init) touch "${done}" ;;
       plan) [ -e "${done}" ] || { echo '${missing}' >&2; exit 1; } ;;
       show) echo '{"format_version": "1.2", "planned_values": {}, "resource_changes": []}' ;;
     esac`,
  );
  process.env.TERRAFORM_BINARY_NAME = join(programs.path, "terraform");
  mkdirSync(join(folder, ".terraform"));
  const steps: string[] = [];
  const stack = { id: "dev-platform", folder, dependencies: [], json: "{}", remarks: [] };
  const outcome = await planStack(stack, { refresh: "none", progress: (step) => void steps.push(step) });
  expect({ steps, kind: outcome.kind }).toEqual({ steps: ["plan", "init", "plan", "show"], kind: "planned" });
});
