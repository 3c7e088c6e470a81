import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkout } from "../support/checkout.ts";
import { isAlive } from "../support/processes.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";
import { hasTerraform } from "../support/with-terraform.ts";

const describeIfTerraform = hasTerraform("diff that is killed") ? describe : describe.skip;

const root = temporaryDirectory();
const checkout = new Checkout(root);
const programs = new Programs(root);
const plans = join(root, "plans");
const processes = join(root, "processes");

checkout.write(
  "main.ts",
  `
import { App, DataResource, LocalBackend, TerraformStack } from "cdktf";
const app = new App();
const made = new TerraformStack(app, "dev-platform");
new LocalBackend(made, { path: "../../../terraform.dev-platform.tfstate" });
new DataResource(made, "one", { input: "hunter2" as never });
app.synth();
`,
);

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
    const child = spawn(process.execPath, ["--import", "tsx", "tools/diff/index.ts", "dev"], {
      cwd: checkout.folder,
      env: {
        ...process.env,
        CHECKPOINT_DISABLE: "1",
        TF_CLI_CONFIG_FILE: "",
        TERRAFORM_BINARY_NAME: join(programs.path, "slow-terraform"),
      },
      stdio: "ignore",
    });
    const ended = new Promise<number | null>((done) => child.on("close", done));
    await until(() => content(processes).includes(" "));
    const plan = content(plans);
    expect(statSync(plan).size).toBeGreaterThan(0);
    expect(statSync(join(plan, "..")).mode & 0o777).toBe(0o700);

    child.kill(signal);
    const code = await ended;
    expect(code).toBe({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
    await until(() => !existsSync(join(plan, "..")));
    const started = content(processes).split(" ");
    await until(() => started.every((pid) => !isAlive(Number(pid))));
    expect(readdirSync(tmpdir()).filter((name) => plan.includes(name) && name.startsWith("platform-"))).toEqual([]);
    expect(readdirSync(checkout.folder).filter((name) => name.endsWith(".lock.info"))).toEqual([]);
  });
});
