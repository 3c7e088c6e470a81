import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool, tool } from "../support/tool.ts";
import { reference } from "./reference.ts";

runTool(
  tool("npm run docs --", "Write docs/reference.md from the declarations in the sources.").action(() => {
    writeFileSync(join(__dirname, "../../docs/reference.md"), reference());
  }),
);
