import { repository } from "../../stacks/repository.ts";
import { renderSummary } from "../diff/text.ts";
import { lockOf } from "../saved-plans/manifest.ts";
import { readPlans } from "../saved-plans/read.ts";
import { environmentOf } from "../support/environment.ts";
import { synthesize } from "../support/synthesize.ts";
import { outputFolder } from "../support/terraform.ts";
import { ToolError } from "../support/tool.ts";
import { refuseChangedInputs } from "./changed-inputs.ts";
import { refuseToLoseController } from "./load-balancers.ts";
import { TerraformRun } from "./terraform-run.ts";
import { type PlannedStack, Work } from "./work.ts";

/**
 * Applies saved plans as they are, without a second plan. Everything is checked before the first stack is changed.
 *
 * @param folder made by `npm run diff -- <environment> --save-plans`. @param approved the digest that was approved.
 * @throws ToolError if something is not as it was approved, or if a state has changed since the plan.
 */
export async function applySavedPlans(name: string, folder: string, approved: string): Promise<void> {
  const resolved = environmentOf(name);
  const { name: environment } = resolved;
  // First, so that a signal never ends Terraform and always removes the plans.
  const terraform = new TerraformRun();
  const { manifest, files } = await readPlans(folder, approved, environment);
  const again = `plan what is left with npm run diff -- ${environment} --save-plans <new folder>, and approve it`;
  const work = new Work("deploy", environment, terraform, again);

  process.stderr.write("synthesizing\n");
  const own = synthesize(repository, outputFolder()).filter(({ id }) => id.startsWith(`${environment}-`));
  const planned: PlannedStack[] = [];
  for (const { stack: id, providers } of manifest.stacks) {
    const stack = own.find((one) => one.id === id);
    const file = files.get(id);
    if (stack === undefined || file === undefined) {
      throw new ToolError(
        `${id} is no stack of ${environment} any more; nothing was applied: set its variables as they were for the plan`,
      );
    }
    await work.init(stack);
    if (lockOf(stack.folder) !== providers) {
      throw new ToolError(`${id}: its plan was made with another provider lock file; nothing was applied: plan again`);
    }
    planned.push(await work.read(stack, file));
  }
  const outcomes = planned.map(({ stack, plan }) => {
    return { stack: stack.id, notes: stack.remarks, kind: "planned" as const, plan };
  });
  if (outcomes.length > 0) {
    process.stdout.write(`\n${renderSummary({ subject: environment, outcomes, remarks: [] })}\n`);
  }
  await refuseChangedInputs(work, planned, own);
  for (const { plan } of planned) await refuseToLoseController(resolved, plan);
  for (const one of planned) await work.applyFile(one);

  const applied = manifest.stacks.map(({ stack }) => stack);
  const later = manifest.later.map(({ stack, reason }) => `${stack} (${reason})`);
  process.stderr.write(`applied as approved: ${applied.length === 0 ? "nothing" : applied.join(", ")}\n`);
  if (later.length > 0) process.stderr.write(`left for another round: ${later.join("; ")}\n`);
}
