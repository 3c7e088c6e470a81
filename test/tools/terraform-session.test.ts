import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../support/processes.ts";
import { Programs } from "../support/programs.ts";
import { repository } from "../support/readme.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const temporary = temporaryDirectory();
const programs = new Programs(directory);
const [started, interrupts] = [join(directory, "started"), join(directory, "interrupts")];

test("a command that ends while Terraform runs interrupts it once, because a second time ends it without its providers", async () => {
  // Only the guardian removes the folder of the first argument, after its interrupt: there is no later one.
  programs.install(
    "terraform",
    `trap 'echo INT >> ${interrupts}' INT
mkdir "$1"
echo $$ > ${started}
while [ ! -e ${interrupts} ] || [ -e "$1" ]; do sleep 0.02; done`,
  );
  const code = `const { privateFolderPrefix } = require("./tools/support/private-folder.ts");
const { terraformSession } = require("./tools/support/terraform-session.ts");
const { existsSync } = require("node:fs");
terraformSession().run(${JSON.stringify(directory)}, privateFolderPrefix + "of-the-test");
setInterval(() => existsSync(${JSON.stringify(started)}) && process.exit(7), 5);`;
  const ended = await startProgram([process.execPath, "--import", "tsx", "--eval", code], {
    cwd: repository,
    env: { TMPDIR: temporary, TERRAFORM_BINARY_NAME: join(programs.path, "terraform") },
  }).finished;
  expect(ended).toMatchObject({ code: 7, stderr: "" });
  await until(() => !isAlive(Number(readFileSync(started, "utf8"))));
  expect(readFileSync(interrupts, "utf8")).toBe("INT\n");
  expect(readdirSync(temporary).filter((name) => name.startsWith("platform-plans-"))).toEqual([]);
});
