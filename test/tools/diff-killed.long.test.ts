import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Checkout } from "../support/checkout.ts";
import { dataStacks } from "../support/data-stacks.ts";
import { isAlive } from "../support/processes.ts";
import { Programs } from "../support/programs.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";
import { hasTerraform } from "../support/with-terraform.ts";

const describeIfTerraform = hasTerraform("diff that is killed") ? describe : describe.skip;

const root = temporaryDirectory();
const checkout = new Checkout(root);
const programs = new Programs(root);
const temporary = temporaryDirectory();
const plans = join(root, "plans");
const processes = join(root, "processes");

checkout.write("main.ts", `${dataStacks()}one(stack("dev-platform"), "one", "hunter2");\napp.synth();\n`);

/** A Terraform that has written its plan when `show` begins, and whose `show` waits for an interrupt with a child of its own. */
programs.install(
  "slow-terraform",
  `case "$1" in
show)
  for file; do :; done
  echo "$file" > ${plans}
  trap 'kill $child; exit 1' INT
  sleep 300 & child=$!
  echo "$$ $child" > ${processes}
  wait $child;;
*) exec terraform "$@";;
esac`,
);

const content = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").trim() : "");

describeIfTerraform("a killed diff leaves no plan, no process and no lock", () => {
  // Of a terminal that is closed, of Ctrl-C, of a job that is cancelled, and of a machine without memory.
  test.each(["SIGHUP", "SIGINT", "SIGTERM", "SIGKILL"] as const)("%s", async (signal) => {
    for (const path of [plans, processes]) rmSync(path, { force: true });
    const { child, finished } = startProgram([process.execPath, "--import", "tsx", "tools/diff/index.ts", "dev"], {
      cwd: checkout.folder,
      env: {
        TF_CLI_CONFIG_FILE: "",
        TERRAFORM_BINARY_NAME: join(programs.path, "slow-terraform"),
        TMPDIR: temporary,
      },
    });
    await until(() => content(processes).includes(" "));
    const plan = content(plans);
    expect(statSync(plan).size).toBeGreaterThan(0);
    expect(statSync(join(plan, "..")).mode & 0o777).toBe(0o700);

    child.kill(signal);
    expect((await finished).code).toBe({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
    const started = content(processes).split(" ");
    await until(() => started.every((pid) => !isAlive(Number(pid))));
    await until(() => readdirSync(temporary).every((name) => !name.startsWith("platform-")));
    expect(readdirSync(checkout.folder).filter((name) => name.endsWith(".lock.info"))).toEqual([]);
  });
});
