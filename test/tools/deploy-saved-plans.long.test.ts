import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { privateKeyVariable } from "../../tools/saved-plans/encryption.ts";
import { Checkout } from "../support/checkout.ts";
import { dataStacks } from "../support/data-stacks.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";
import { hasTerraform } from "../support/with-terraform.ts";

const describeIfTerraform = hasTerraform("saved plans with real Terraform") ? describe : describe.skip;

const checkout = new Checkout(temporaryDirectory());
/** Where plans are in clear while a command runs. */
const temporary = temporaryDirectory();
const saved = join(temporaryDirectory(), "saved");

/** Three stacks. The second reads an output of the first, and the third an output that nothing changes. */
const app = (cluster: string, release: string, more = "") => `${dataStacks()}const platform = stack("dev-platform");
const cluster = one(platform, "cluster", "${cluster}");
const bucket = one(platform, "bucket", "results");
${more}
const addons = stack("dev-addons");
one(addons, "release", \`\${cluster.output} ${release}\`);
addons.addDependency(platform);
const image = stack("dev-image");
one(image, "image", \`\${bucket.output} ${release}\`);
image.addDependency(platform);
app.synth();
`;

const env = (more: Readonly<Record<string, string>> = {}) => ({
  TMPDIR: temporary,
  // A deploy from GitHub refuses local states.
  GITHUB_ACTIONS: "",
  ...more,
});
const npm = (args: readonly string[], more?: Readonly<Record<string, string>>) =>
  startProgram(["npm", "run", "--silent", ...args], { cwd: checkout.folder, env: env(more) });
const deploy = (digest: string, more?: Readonly<Record<string, string>>) =>
  npm(["deploy", "--", "dev", "--plans", saved, "--approved", digest], more).finished;
const manifest = () => JSON.parse(readFileSync(join(saved, "plans.json"), "utf8"));
const digestIn = (output: string) => /Their digest is ([0-9a-f]{64})\./.exec(output)?.[1] ?? "none";

/** The value of a resource in the state, undefined if nothing was applied. */
function outputOf(stack: string, name: string): unknown {
  const path = join(checkout.folder, `terraform.${stack}.tfstate`);
  if (!existsSync(path)) return undefined;
  const { resources } = JSON.parse(readFileSync(path, "utf8"));
  return resources.find((one: { readonly name: string }) => one.name === name)?.instances[0].attributes.output.value;
}
const values = () => ({
  cluster: outputOf("dev-platform", "cluster"),
  release: outputOf("dev-addons", "release"),
  image: outputOf("dev-image", "image"),
});

/** Commits a version of the app, and saves its plans. */
async function savePlans(source: string, more: Readonly<Record<string, string>> = {}, ...args: string[]) {
  checkout.write("main.ts", source);
  checkout.commit();
  rmSync(saved, { recursive: true, force: true });
  const ended = await checkout.diff(["dev", "--save-plans", saved, "--exit-code", ...args], env(more));
  return { ...ended, digest: digestIn(ended.stdout) };
}

describeIfTerraform("saved plans", () => {
  beforeAll(() => checkout.initialize());
  afterEach(() => expect(readdirSync(temporary).filter((name) => name.startsWith("platform-plans-"))).toEqual([]));

  test("deploy in rounds: each applies its approved plans, and names the stacks that come later", async () => {
    const { publicKey, privateKey } = await keyPair();
    const first = await savePlans(app("one", "1"), {}, "--encrypt-for", publicKey);
    expect(first.code).toBe(2);
    expect(first.stdout).toContain("An approval applies exactly these plans: dev-platform. Their digest is ");
    expect(first.stdout).toContain(
      "A later round plans, shows and asks for: dev-addons (can be planned when dev-platform is deployed); dev-image (can be planned",
    );
    expect(readdirSync(saved).sort()).toEqual(["dev-platform.tfplan.age", "plans.json"]);
    const withoutKey = await deploy(first.digest);
    expect(withoutKey.code).toBe(1);
    expect(withoutKey.stderr).toContain(`error: ${privateKeyVariable} must be a private key of age`);
    expect(values()).toEqual({});
    const applied = await deploy(first.digest, { [privateKeyVariable]: privateKey });
    expect({ code: applied.code, stderr: applied.stderr }).toMatchObject({ code: 0 });
    expect(applied.stderr).toContain("applied as approved: dev-platform\nleft for another round: dev-addons (can be");
    expect(values()).toEqual({ cluster: "one" });

    const second = await savePlans(app("one", "1"));
    expect(second.stdout).toContain("An approval applies exactly these plans: dev-addons, dev-image.");
    expect((await deploy(second.digest)).code).toBe(0);
    expect(values()).toEqual({ cluster: "one", release: "one 1", image: "results 1" });

    const third = await savePlans(app("one", "1"));
    expect({ code: third.code, stacks: manifest().stacks, later: manifest().later }).toEqual({
      code: 0,
      stacks: [],
      later: [],
    });
  });

  test("are not made of a stack that reads a changing output, and those of the others are applied", async () => {
    const { stdout, digest } = await savePlans(app("two", "2"));
    expect(stdout).toMatch(/exactly these plans: dev-platform, dev-image\./);
    expect(stdout).toMatch(/for: dev-addons \(reads [\w-]+ of dev-platform, which this round changes\)\./);
    expect((await deploy(digest)).code).toBe(0);
    expect(values()).toEqual({ cluster: "two", release: "one 1", image: "results 2" });
    const next = await savePlans(app("two", "2"));
    expect((await deploy(next.digest)).code).toBe(0);
    expect(values()).toEqual({ cluster: "two", release: "two 2", image: "results 2" });
  });

  test("apply the planned value, whatever an environment variable says now", async () => {
    const source = app("two", "2").replace('"results"', '["results", process.env.SUFFIX ?? ""].join("")');
    const { digest } = await savePlans(source, { SUFFIX: "-planned" });
    expect((await deploy(digest, { SUFFIX: "-later" })).code).toBe(0);
    expect(outputOf("dev-platform", "bucket")).toBe("results-planned");
  });

  test("are refused after a change of the code, and when the state has changed: nothing is applied", async () => {
    const { digest } = await savePlans(app("three", "2"));
    checkout.write("main.ts", app("four", "2"));
    const changed = await deploy(digest);
    expect(changed.code).toBe(1);
    expect(changed.stderr).toContain("error: --plans must be used in a checkout without changes");
    checkout.write("main.ts", app("three", "2"));
    const before = values();

    const folder = join(checkout.folder, "cdktf.out-diff", "stacks", "dev-platform");
    const options = { cwd: folder, encoding: "utf8", env: { ...process.env, ...env() } } as const;
    expect(spawnSync("terraform", ["taint", "terraform_data.bucket"], options).status).toBe(0);
    const stale = await deploy(digest);
    expect(stale.code).toBe(1);
    expect(stale.stderr).toContain("Saved plan is stale");
    expect(stale.stderr).toContain(
      "error: dev-platform: its state changed after it was planned, so nothing of this stack was applied: plan what is left with npm run diff -- dev --save-plans <new folder>, and approve it\n",
    );
    expect(stale.stderr).not.toContain("applied as approved");
    expect(values()).toEqual(before);
  });

  test("are refused if an output that they read has another value by now, though no state of theirs has changed", async () => {
    await deploy((await savePlans(app("three", "2"))).digest);
    await deploy((await savePlans(app("three", "2"))).digest);
    const { digest } = await savePlans(app("three", "3"));
    expect(manifest().stacks.map(({ stack }: { readonly stack: string }) => stack)).toEqual([
      "dev-addons",
      "dev-image",
    ]);
    const before = values();
    expect(before.release).toBe("three 2");
    const state = JSON.parse(checkout.read("terraform.dev-platform.tfstate"));
    const [name = ""] = Object.keys(state.outputs).filter((one) => state.outputs[one].value === "three");
    state.outputs[name].value = "somebody's";
    checkout.write("terraform.dev-platform.tfstate", JSON.stringify({ ...state, serial: state.serial + 1 }));
    const { code, stderr } = await deploy(digest);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `error: dev-addons: ${name} of dev-platform, which it reads, changed after it was planned; nothing was applied: plan what is left with npm run diff -- dev --save-plans <new folder>, and approve it\n`,
    );
    expect(values()).toEqual(before);
    checkout.write(
      "terraform.dev-platform.tfstate",
      JSON.stringify({ ...state, serial: state.serial + 2 }).replace("somebody's", "three"),
    );
  });

  test("stop at the first stack that fails, and say how to go on", async () => {
    await deploy((await savePlans(app("five", "2"))).digest);
    const failing = 'one(image, "broken", "x", "exit 3");\napp.synth();';
    const { digest } = await savePlans(
      app("five", "6", 'one(platform, "more", "m");').replace("app.synth();", failing),
    );
    const ended = await deploy(digest);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(
      "error: dev-image: terraform apply failed: its state has what was done; correct the cause",
    );
    expect(ended.stderr).toContain("and go on: plan what is left with npm run diff -- dev --save-plans <new folder>");
    expect(outputOf("dev-platform", "more")).toBe("m");
    expect(outputOf("dev-addons", "release")).toBe("five 6");
    const again = await deploy(digest);
    expect(again.stderr).toContain("error: dev-platform: its state changed after it was planned");
  });

  test("complete the stack in work after a signal, begin no further one, and say how to go on", async () => {
    const slow = 'one(platform, "slow", "s", "touch started; while [ ! -e go ]; do sleep 0.1; done");\napp.synth();';
    const { digest } = await savePlans(app("five", "7").replace("app.synth();", slow));
    const folder = join(checkout.folder, "cdktf.out", "stacks", "dev-platform");
    const running = npm(["deploy", "--", "dev", "--plans", saved, "--approved", digest]);
    await until(() => existsSync(join(folder, "started")));
    running.child.kill("SIGTERM");
    await until(() => running.output().includes("goes on to its end"));
    checkout.write("cdktf.out/stacks/dev-platform/go", "");
    const { code, stderr } = await running.finished;
    expect(code).toBe(143);
    expect(stderr).toContain(
      "error: stopped: dev-platform was completed; to go on: plan what is left with npm run diff",
    );
    expect(outputOf("dev-platform", "slow")).toBe("s");
    expect(outputOf("dev-addons", "release")).toBe("five 6");
  });

  test("are refused with options that do not fit", async () => {
    for (const [args, error] of [
      [["deploy", "--", "dev", "--plans", saved], "--approved must be the digest of the saved plans, got nothing"],
      [["deploy", "--", "dev", "--approved", "a"], '--approved must be used with --plans, got "a"'],
      [
        ["deploy", "--", "dev", "--plans", saved, "--approved", "a", "--stack", "platform"],
        "--stack must be used without",
      ],
      [["diff", "--", "--plan", "a.json", "--save-plans", saved], "--save-plans must be used without --plan"],
      [["diff", "--", "dev", "--encrypt-for", "age1"], '--encrypt-for must be used with --save-plans, got "age1"'],
      [["diff", "--", "dev", "prod", "--save-plans", saved], "--save-plans must be used with one environment"],
    ] as const) {
      const { code, stderr } = await npm(args).finished;
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`error: ${error}`) });
    }
  });
});

/** What `npm run plan-key` prints. */
async function keyPair() {
  const { stdout, stderr, code } = await npm(["plan-key", "--", "dev"]).finished;
  expect(code).toBe(0);
  const [publicKey = ""] = /^age1\w+/m.exec(stderr) ?? [];
  expect(stderr).toContain(`gh variable set PLAN_PUBLIC_KEY_DEV --body ${publicKey}\n`);
  return { publicKey, privateKey: stdout.trim() };
}
