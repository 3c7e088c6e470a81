import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool, tool } from "../support/tool.ts";
import { commandReference } from "./commands.ts";
import { reference } from "./reference.ts";

runTool(
  tool("npm run docs --", "Write docs/reference.md and docs/commands.md from the declarations in the sources.").action(
    () => {
      writeFileSync(join(__dirname, "../../docs/reference.md"), reference());
      writeFileSync(join(__dirname, "../../docs/commands.md"), commandReference());
    },
  ),
);
