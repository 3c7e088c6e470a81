import type { Command } from "commander";
import { collected, tool } from "../support/tool.ts";

/** The command of `npm run deploy` or `npm run destroy`. @param notes follow the options in the help. */
export function applyCommand(kind: "deploy" | "destroy", description: string, notes: string): Command {
  return tool(`npm run ${kind} --`, description)
    .argument("<environment>", "one of environments.ts")
    .option("--stack <name>", "only this stack, for example platform (can be repeated)", collected)
    .option("--yes", "ask nothing")
    .addHelpText("after", `\n${notes}\n\nExit code: 0; 1 after an error or a refusal; 129, 130 or 143 after a signal.`);
}
