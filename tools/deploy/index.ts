import { runTool } from "../support/tool.ts";
import { applyCommand } from "./command.ts";

/** `npm run deploy`: what `cdktf deploy` does, without its way of ending Terraform. */
runTool(
  applyCommand(
    "deploy",
    "Deploy the stacks of an environment in order. Each is planned, shown, confirmed and applied as it was shown.",
    `The first Ctrl-C waits until Terraform has completed the stack in work; the second interrupts Terraform, which saves and
unlocks its state; the third ends it at once. The state is that of cdktf deploy: both can be used in turns.`,
  ),
);
