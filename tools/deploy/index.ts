import { privateKeyVariable } from "../saved-plans/encryption.ts";
import { refusal, runTool } from "../support/tool.ts";
import { applySavedPlans } from "./apply-saved-plans.ts";
import { type ApplyOptions, applyStacks } from "./apply-stacks.ts";
import { applyCommand } from "./command.ts";

interface DeployOptions extends ApplyOptions {
  readonly plans?: string;
  readonly approved?: string;
}

/** `npm run deploy`: what `cdktf deploy` does, without its way of ending Terraform. */
async function deploy(environment: string, { plans, approved, ...options }: DeployOptions): Promise<void> {
  if (plans === undefined) {
    if (approved !== undefined) throw refusal("--approved", "used with --plans", approved, "name the saved plans");
    return applyStacks("deploy", environment, options);
  }
  if (approved === undefined) {
    throw refusal("--approved", "the digest of the saved plans", approved, "add the one that npm run diff printed");
  }
  if (options.stack !== undefined) {
    throw refusal("--stack", "used without --plans", options.stack, "leave it out: saved plans name their stacks");
  }
  return applySavedPlans(environment, plans, approved);
}

runTool(
  applyCommand(
    "deploy",
    "Deploy the stacks of an environment in order. Each is planned, shown, confirmed and applied as it was shown.",
    `With --plans nothing is planned or asked: the saved plans are applied if everything is as it was approved. The private key
of encrypted plans is in the environment variable ${privateKeyVariable}.

The first Ctrl-C waits until Terraform has completed the stack in work; the second interrupts Terraform, which saves and
unlocks its state; the third ends it at once. The state is that of cdktf deploy: both can be used in turns.`,
  )
    .option("--plans <folder>", "apply these plans, made by npm run diff -- <environment> --save-plans")
    .option("--approved <digest>", "the digest of the saved plans that was approved")
    .action(deploy),
);
