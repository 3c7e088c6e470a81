import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Checkout } from "../support/checkout.ts";
import { dataStacks } from "../support/data-stacks.ts";
import { ingress } from "../support/ingress.ts";
import { Programs } from "../support/programs.ts";
import { canRun } from "../support/required.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { ctrlC, Terminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";

const runs = (program: string, option: string) => spawnSync(program, [option]).error === undefined;
const missing = ["terraform", "python3"].filter((program) => !runs(program, "--version"));
const reason = missing.length === 0 ? undefined : `not on PATH: ${missing.join(", ")}`;
const define = canRun("npm run deploy", "REQUIRE_TERRAFORM", reason) ? describe : describe.skip;

const checkout = new Checkout(temporaryDirectory());
const programs = new Programs(temporaryDirectory());
/** Where the plans are, which must not stay. */
const temporary = temporaryDirectory();

/**
 * Two stacks of Terraform's built-in resources. The cluster of the first is being created until the file `go` is there. As with
 * the AWS provider, an interrupt leaves it tainted.
 */
const app = (release = "1", when?: "destroy") => `${dataStacks(when)}const platform = stack("dev-platform");
const cluster = one(platform, "cluster", "one", "touch started; while [ ! -e go ]; do sleep 0.1; done");
one(platform, "pool", cluster.output);
const addons = stack("dev-addons");
one(addons, "release", \`\${cluster.output} ${release}\`);
addons.addDependency(platform);
app.synth();
`;

const platform = join(checkout.folder, "cdktf.out", "stacks", "dev-platform");
const env = { TMPDIR: temporary };
const npm = (...args: string[]) => startProgram(["npm", "run", ...args], { cwd: checkout.folder, env });
const terminal = (...args: string[]) =>
  new Terminal(["npm", "run", ...args], { cwd: checkout.folder, env: { ...process.env, ...env } });
const release = () => checkout.write("cdktf.out/stacks/dev-platform/go", "");

/** The resources in the state of a stack, with the status of each, in the file where `cdktf deploy` has it. */
function stateOf(stack: string): string[] {
  const path = join(checkout.folder, `terraform.${stack}.tfstate`);
  if (!existsSync(path)) return [];
  interface Resource {
    readonly mode: string;
    readonly name: string;
    readonly instances: readonly { readonly status?: string }[];
  }
  const resources: Resource[] = JSON.parse(readFileSync(path, "utf8")).resources;
  return resources.flatMap(({ mode, name, instances }) =>
    (mode === "managed" ? instances : []).map(({ status }) => (status === undefined ? name : `${name} ${status}`)),
  );
}

/** Within a second a signal would count as the same key press. */
const anotherPress = () => pause(1200);

const isStarted = () => existsSync(join(platform, "started"));
const isLocked = () => existsSync(join(checkout.folder, ".terraform.dev-platform.tfstate.lock.info"));

define("npm run deploy and npm run destroy", () => {
  beforeEach(() => {
    for (const name of readdirSync(checkout.folder)) {
      if (/^\.?terraform\.|^cdktf\.out/.test(name)) rmSync(join(checkout.folder, name), { recursive: true });
    }
    checkout.write("main.ts", app());
  });
  afterEach(() => {
    expect(isLocked()).toBe(false);
    expect(readdirSync(temporary).filter((name) => /^platform-plans-/.test(name))).toEqual([]);
  });

  const deployed = async () => {
    const running = npm("deploy", "--", "dev", "--yes");
    await until(isStarted);
    release();
    return running.finished;
  };

  test("show, ask, deploy in order, find no change, and destroy in reverse order", async () => {
    const first = terminal("deploy", "--", "dev");
    await first.shows("Deploy dev-platform? Only yes is taken: ");
    expect(first.shown).toContain("# terraform_data.cluster will be created");
    expect(stateOf("dev-platform")).toEqual([]);
    first.type("yes\n");
    await until(isStarted);
    release();
    await first.shows("Deploy dev-addons? Only yes is taken: ");
    expect(stateOf("dev-platform")).toEqual(["cluster", "pool"]);
    first.type("yes\n");
    expect(await first.ended()).toBe(0);
    expect(first.shown).toContain("dev is deployed");
    expect(stateOf("dev-addons")).toEqual(["release"]);

    const second = await npm("deploy", "--", "dev", "--yes").finished;
    expect({ code: second.code, changes: second.stdout.match(/nothing changes/g)?.length }).toEqual({
      code: 0,
      changes: 2,
    });

    const refused = await npm("destroy", "--", "dev", "--stack", "platform", "--yes").finished;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      "error: dev-addons still needs dev-platform (resources in its state: 1): destroy it first, npm run destroy -- dev --stack addons\n",
    );

    const one = await npm("deploy", "--", "dev", "--stack", "platform", "--yes").finished;
    expect(one.stderr).toMatch(/\ndev-platform is deployed\n$/);

    const last = terminal("destroy", "--", "dev");
    await last.shows("Destroy dev-addons, dev-platform? Only yes is taken: ");
    expect([stateOf("dev-platform").length, stateOf("dev-addons").length]).toEqual([2, 1]);
    last.type("yes\n");
    expect(await last.ended()).toBe(0);
    expect(last.shown.match(/terraform_data\.\w+: Destroying/g)?.map((line) => line.split(/[.:]/)[1])).toEqual([
      "release",
      "pool",
      "cluster",
    ]);
    expect([...stateOf("dev-platform"), ...stateOf("dev-addons")]).toEqual([]);
  });

  test("a destroy stops before it begins at a load balancer of the cluster that no stack has", async () => {
    const environments = checkout.read("environments.ts");
    const services = `services: { ingress: ${JSON.stringify(ingress)} },`;
    programs.installAws("2.31.6");
    const answer = (arns: readonly string[]) => {
      const tagged = arns.map((arn) => ({ ResourceARN: arn }));
      const described = arns.map((arn) => ({ LoadBalancerArn: arn, LoadBalancerName: "by-hand" }));
      programs.answer("resourcegroupstaggingapi-get-resources", { json: { ResourceTagMappingList: tagged } });
      programs.answer("elbv2-describe-load-balancers", { json: { LoadBalancers: described } });
    };
    const destroy = () =>
      startProgram(["npm", "run", "destroy", "--", "dev", "--yes"], {
        cwd: checkout.folder,
        env: { ...env, PATH: `${programs.path}:${process.env.PATH}` },
      }).finished;
    try {
      checkout.write("environments.ts", environments.replace('  name: "dev",\n', `$&  ${services}\n`));
      expect((await deployed()).code).toBe(0);
      answer(["arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/by-hand/1"]);
      const refused = await destroy();
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("error: the load balancer by-hand of the cluster is in no stack");
      expect([stateOf("dev-platform").length, stateOf("dev-addons").length]).toEqual([2, 1]);
      answer([]);
      expect((await destroy()).code).toBe(0);
      expect([...stateOf("dev-platform"), ...stateOf("dev-addons")]).toEqual([]);
    } finally {
      checkout.write("environments.ts", environments);
    }
  });

  test("the first Ctrl-C waits for the resource in work and the rest of its stack, and no further stack is begun", async () => {
    const screen = terminal("deploy", "--", "dev", "--yes");
    await until(isStarted);
    screen.type(ctrlC);
    await screen.shows("SIGINT: terraform apply of dev-platform goes on to its end");
    release();
    expect(await screen.ended()).toBe(130);
    expect(screen.shown).toContain("Apply complete! Resources: 2 added");
    expect(screen.shown).toContain("error: stopped: dev-platform was completed; to go on: npm run deploy -- dev");
    expect(screen.shown).not.toContain("nterrupt received");
    expect(stateOf("dev-platform")).toEqual(["cluster", "pool"]);
    expect(stateOf("dev-addons")).toEqual([]);

    const { code, stdout } = await npm("deploy", "--", "dev", "--yes").finished;
    expect(code).toBe(0);
    expect(stdout).toContain("terraform_data.release: Creation complete");
    expect(stdout).not.toContain("terraform_data.cluster: Creat");
  });

  test("the second Ctrl-C is one interrupt for Terraform, which saves and unlocks; the next deploy goes on", async () => {
    const screen = terminal("deploy", "--", "dev", "--yes");
    await until(isStarted);
    screen.type(ctrlC);
    await screen.shows("goes on to its end");
    await anotherPress();
    screen.type(ctrlC);
    expect(await screen.ended()).toBe(130);
    expect(screen.shown.match(/Interrupt received\./g)).toHaveLength(1);
    expect(screen.shown).not.toContain("Two interrupts received");
    expect(stateOf("dev-platform")).toEqual(["cluster tainted"]);
    expect(isLocked()).toBe(false);
    expect((await deployed()).code).toBe(0);
    expect(stateOf("dev-platform")).toEqual(["cluster", "pool"]);
  });

  test("the first Ctrl-C of a destroy is one interrupt for Terraform, and the next destroy goes on", async () => {
    checkout.write("main.ts", app("1", "destroy"));
    expect((await npm("deploy", "--", "dev", "--yes").finished).code).toBe(0);
    const screen = terminal("destroy", "--", "dev", "--yes");
    await until(isStarted);
    screen.type(ctrlC);
    expect(await screen.ended()).toBe(130);
    expect(screen.shown.match(/Interrupt received\./g)).toHaveLength(1);
    expect(screen.shown).toContain("error: stopped: dev-platform ended early, and its state has what was done");
    expect(stateOf("dev-platform")).toEqual(["cluster"]);
    expect(isLocked()).toBe(false);
    release();
    expect((await npm("destroy", "--", "dev", "--yes").finished).code).toBe(0);
    expect(stateOf("dev-platform")).toEqual([]);
  });

  test("Ctrl-C that ends a reader of the output, such as tee, lets Terraform complete the stack", async () => {
    const teeAndItsEnd = "(trap 'exec <&-; touch tee-ended' INT; tee log)";
    const command = ["bash", "-c", `npm run deploy -- dev --yes 2>&1 | ${teeAndItsEnd}`];
    const screen = new Terminal(command, { cwd: checkout.folder, env: { ...process.env, ...env } });
    await until(isStarted);
    screen.type(ctrlC);
    await until(() => existsSync(join(checkout.folder, "tee-ended")));
    // Terraform writes its next lines.
    release();
    await screen.ended();
    expect(stateOf("dev-platform")).toEqual(["cluster", "pool"]);
    expect(stateOf("dev-addons")).toEqual([]);
  });

  test("a cancelled job of GitHub, SIGINT and then SIGTERM to npm, lets Terraform save its state", async () => {
    // As the runner: a shell of a step that has been replaced by npm, without a terminal.
    const job = startProgram(["bash", "-e", "-c", "exec npm run --silent deploy -- dev --yes"], {
      cwd: checkout.folder,
      env,
    });
    await until(isStarted);
    job.child.kill("SIGINT");
    await until(() => job.output().includes("SIGINT: terraform apply of dev-platform goes on to its end"));
    await anotherPress();
    expect(job.output()).not.toContain("Interrupt received");
    job.child.kill("SIGTERM");
    expect((await job.finished).code).toBe(130);
    expect(job.output()).toContain("SIGTERM: terraform apply of dev-platform is interrupted.");
    expect(stateOf("dev-platform")).toEqual(["cluster tainted"]);
  });

  test("SIGTERM alone, to npm, waits likewise", async () => {
    const running = npm("deploy", "--", "dev", "--yes");
    await until(isStarted);
    running.child.kill("SIGTERM");
    await until(() => running.output().includes("goes on to its end"));
    release();
    expect((await running.finished).code).toBe(143);
    expect(stateOf("dev-platform")).toEqual(["cluster", "pool"]);
    expect(stateOf("dev-addons")).toEqual([]);
  });

  test("anything but yes, Ctrl-C and Ctrl-D at the question change nothing", async () => {
    for (const [typed, code] of [
      ["y\n", 1],
      ["\u0004", 1],
      [ctrlC, 130],
    ] as const) {
      const screen = terminal("deploy", "--", "dev");
      await screen.shows("Only yes is taken: ");
      screen.type(typed);
      expect({ typed, code: await screen.ended() }).toEqual({ typed, code });
      expect(screen.shown).toMatch(/error: (not approved|stopped): nothing was changed in dev-platform/);
    }
    expect(stateOf("dev-platform")).toEqual([]);
  });

  test("nobody to answer, an unknown stack and an unknown environment are refused before anything is done", async () => {
    const errors = async (...args: string[]) => (await npm(...args).finished).stderr.match(/^error: .*/m)?.[0];
    expect(await errors("deploy", "--", "dev")).toBe(
      "error: --yes must be given where nobody can answer, got nothing: start it in a terminal, or add --yes",
    );
    expect(await errors("destroy", "--", "development", "--yes")).toBe(
      'error: environment must be dev or prod, got "development": name one of environments.ts',
    );
    expect(await errors("deploy", "--", "dev", "--yes", "--stack", "network")).toBe(
      'error: --stack must be platform or addons, got "network": name one of these',
    );
    expect(existsSync(join(platform, ".terraform"))).toBe(false);
  });

  test("an error of Terraform ends the deploy, names what to do, and begins no further stack", async () => {
    checkout.write("main.ts", app().replace("touch started; while [ ! -e go ]; do sleep 0.1; done", "exit 3"));
    const { code, stderr } = await npm("deploy", "--", "dev", "--yes").finished;
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error: dev-platform: terraform apply failed: its state has what was done; correct the cause (docs/troubleshooting.md), and go on: npm run deploy -- dev\n",
    );
    expect(stateOf("dev-addons")).toEqual([]);
    const one = await npm("deploy", "--", "dev", "--yes", "--stack", "platform").finished;
    expect(one.stderr).toMatch(/go on: npm run deploy -- dev --stack platform\n$/);
  });

  test("go on where cdktf deploy stopped, and the other way round", async () => {
    expect((await deployed()).code).toBe(0);
    checkout.write("main.ts", app("2"));
    // cdktf's own command line wants more in there than `npm run deploy`.
    const language = { app: "node --import tsx main.ts", language: "typescript", projectId: "test" };
    checkout.write("cdktf.json", JSON.stringify(language));
    const cdktf = [
      process.execPath,
      require.resolve("cdktf-cli/bundle/bin/cdktf.js"),
      "deploy",
      "dev-platform",
      "dev-addons",
    ];
    const options = {
      cwd: checkout.folder,
      // cdktf makes `.terraform.d` in the home.
      env: { ...env, HOME: temporary, CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1" },
    };
    const { stdout } = await startProgram([...cdktf, "--auto-approve", "--skip-provider-lock"], options).finished;
    expect(stdout).toContain("1 changed, 0 destroyed");
    const after = await npm("deploy", "--", "dev", "--yes").finished;
    expect(after.stdout.match(/nothing changes/g)).toHaveLength(2);
  });
});
