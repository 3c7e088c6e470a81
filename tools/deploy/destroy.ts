import { runTool } from "../support/tool.ts";
import { type ApplyOptions, applyStacks } from "./apply-stacks.ts";
import { applyCommand } from "./command.ts";

/** `npm run destroy`: what `cdktf destroy` does, without its way of ending Terraform. */
runTool(
  applyCommand(
    "destroy",
    "Destroy the stacks of an environment in reverse order. All of them are planned and shown before one is destroyed.",
    `The first Ctrl-C interrupts Terraform, which saves and unlocks its state; the second ends it at once. Afterwards the same
command goes on.`,
  ).action((environment: string, options: ApplyOptions) => applyStacks("destroy", environment, options)),
);
