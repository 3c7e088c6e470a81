import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../../tools/diff/outcome.ts";
import { newKeyPair, privateKeyVariable } from "../../tools/saved-plans/encryption.ts";
import { digestOf, type Manifest } from "../../tools/saved-plans/manifest.ts";
import { readPlans } from "../../tools/saved-plans/read.ts";
import { PlanSaver, remarksOn } from "../../tools/saved-plans/write.ts";
import { changing, planned, planOf, stack as stackWithoutFolder } from "../support/planned-stacks.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";

/** What git says of the checkout: its commit, and its changed files. */
const checkout = { commit: "a".repeat(40), changed: "" };
jest.mock("../../tools/support/git.ts", () => ({
  git: (_: string, command: string) => ({
    status: 0,
    stdout: `${command === "status" ? checkout.changed : checkout.commit}\n`,
    stderr: "",
  }),
}));

const directory = temporaryDirectory();
/** Stands in for Terraform, of which only the version matters here. It notes the private keys that it gets. */
const programs = new Programs(directory);
const keysSeen = join(directory, "keys-seen");
const hasVersion = (version: string) =>
  programs.install(
    "terraform",
    `echo "\${${privateKeyVariable}-none}" >> ${keysSeen}; echo '{"terraform_version":"${version}"}'`,
  );

/** A stack with the folder of the test, which has no provider lock file. */
const stack = (...args: Parameters<typeof stackWithoutFolder>) => ({
  ...stackWithoutFolder(...args),
  folder: directory,
});

const githubActions = process.env.GITHUB_ACTIONS;
let folder = "";
let number = 0;
const secret = "a sensitive value";

/** Saves the plans of two stacks. */
async function save(publicKey?: string) {
  const stacks = [stack("dev-platform"), stack("dev-addons")];
  const saver = new PlanSaver(folder, publicKey);
  const outcomes = stacks.map(({ id }) => {
    const file = saver.fileOf(id);
    writeFileSync(file, `${secret} of ${id}`);
    return planned(id, changing, file);
  });
  return saver.save("dev", stacks, outcomes);
}
const manifest = (): Manifest => JSON.parse(readFileSync(join(folder, "plans.json"), "utf8"));

beforeEach(() => {
  folder = join(directory, `plans-${++number}`);
  process.env.TERRAFORM_BINARY_NAME = join(programs.path, "terraform");
  hasVersion("1.11.4");
  Object.assign(checkout, { commit: "a".repeat(40), changed: "" });
});
afterEach(() => {
  delete process.env.TERRAFORM_BINARY_NAME;
  delete process.env[privateKeyVariable];
  if (githubActions === undefined) delete process.env.GITHUB_ACTIONS;
  else process.env.GITHUB_ACTIONS = githubActions;
});

describe("saved plans", () => {
  test("are read as they were written, encrypted or in clear, and are readable for their owner only", async () => {
    const { publicKey, privateKey } = await newKeyPair();
    for (const key of [undefined, publicKey]) {
      const { digest } = await save(key);
      const ending = key === undefined ? "" : ".age";
      expect(readdirSync(folder).sort()).toEqual([
        `dev-addons.tfplan${ending}`,
        `dev-platform.tfplan${ending}`,
        "plans.json",
      ]);
      const stored = readFileSync(join(folder, `dev-platform.tfplan${ending}`));
      expect(stored.includes(secret)).toBe(key === undefined);
      expect(stored.includes("age-encryption.org/v1")).toBe(key !== undefined);
      for (const name of readdirSync(folder).filter((one) => one.includes("tfplan"))) {
        expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      }
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      process.env[privateKeyVariable] = `# created: today\n${privateKey}\n`;
      rmSync(keysSeen);
      const { files } = await readPlans(folder, digest, "dev");
      // No program that a deploy starts gets the private key, neither while the plans are read nor later.
      expect(readFileSync(keysSeen, "utf8")).toBe("none\n");
      expect(privateKeyVariable in process.env).toBe(false);
      expect([...files].map(([id, path]) => [id, readFileSync(path, "utf8")])).toEqual([
        ["dev-platform", `${secret} of dev-platform`],
        ["dev-addons", `${secret} of dev-addons`],
      ]);
      rmSync(folder, { recursive: true });
    }
  });

  test("name the stacks and their digest for the reviewers", async () => {
    const saved = await save();
    expect(saved.digest).toBe(digestOf(readFileSync(join(folder, "plans.json"))));
    expect(remarksOn(saved)).toEqual([
      `An approval applies exactly these plans: dev-platform, dev-addons. Their digest is ${saved.digest}.`,
    ]);
    const later = [{ stack: "dev-workload", reason: "waits for dev-addons" }];
    expect(remarksOn({ ...saved, manifest: { ...saved.manifest, later } })[1]).toBe(
      "A later round plans, shows and asks for: dev-workload (waits for dev-addons). This approval does not cover them.",
    );
  });

  const planAgain = "plan again with npm run diff -- <environment> --save-plans <folder>, and approve those plans";
  const edited = (change: (manifest: Manifest) => object) => {
    const text = JSON.stringify(change(manifest()));
    writeFileSync(join(folder, "plans.json"), text);
    return digestOf(text);
  };
  const flipByte = (name: string, at: (length: number) => number) => {
    const content = readFileSync(join(folder, name));
    const place = at(content.length);
    content.writeUInt8(content.readUInt8(place) ^ 1, place);
    writeFileSync(join(folder, name), content);
  };

  test.each<[string, (digest: string) => string | undefined, (digest: string) => string]>([
    [
      "plans.json was edited",
      (digest) => {
        edited((content) => ({ ...content, later: [], commit: "b".repeat(40) }));
        return digest;
      },
      (digest) => `--approved must be the digest of plans.json in that folder, got "${digest}": ${planAgain}`,
    ],
    [
      "a byte of a plan file was flipped",
      () => void flipByte("dev-platform.tfplan", () => 3),
      () => `dev-platform.tfplan is not the plan of dev-platform that was approved; nothing was applied: ${planAgain}`,
    ],
    [
      "two plan files were swapped",
      () => {
        const [one, other] = ["dev-platform", "dev-addons"].map((id) => join(folder, `${id}.tfplan`)) as [
          string,
          string,
        ];
        const content = readFileSync(one);
        writeFileSync(one, readFileSync(other));
        writeFileSync(other, content);
        return undefined;
      },
      () => `dev-platform.tfplan is not the plan of dev-platform that was approved; nothing was applied: ${planAgain}`,
    ],
    [
      "a file is missing",
      () => void rmSync(join(folder, "dev-addons.tfplan")),
      () =>
        `--plans must be a folder with dev-addons.tfplan, dev-platform.tfplan, plans.json, got ["dev-platform.tfplan","plans.json"]: ${planAgain}`,
    ],
    [
      "there is a file too many",
      () => void writeFileSync(join(folder, "more"), ""),
      () =>
        `--plans must be a folder with dev-addons.tfplan, dev-platform.tfplan, plans.json, got ["dev-addons.tfplan","dev-platform.tfplan","more","plans.json"]: ${planAgain}`,
    ],
    [
      "another environment was planned",
      () => edited((content) => ({ ...content, environment: "prod" })),
      () => 'plans.environment must be "dev", got "prod": deploy the environment that was planned',
    ],
    [
      "another commit is checked out",
      () => void Object.assign(checkout, { commit: "c".repeat(40) }),
      () => `plans.commit must be "${"c".repeat(40)}", got "${"a".repeat(40)}": check out the commit that was planned`,
    ],
    [
      "the checkout has changes",
      () => void Object.assign(checkout, { changed: " M main.ts" }),
      () => '--plans must be used in a checkout without changes, got [" M main.ts"]: commit or undo these changes',
    ],
    [
      "Terraform has another version",
      () => void hasVersion("1.12.0"),
      () => 'plans.terraform must be "1.12.0", got "1.11.4": use the version of Terraform that planned',
    ],
    [
      "plans.json has another format",
      () => edited((content) => ({ ...content, format: 2 })),
      () =>
        'plans must be saved plans of format 1, got {"format":2}: plan again with this version of the repository (format: Invalid input: expected 1)',
    ],
    [
      "a stack has the name of a path",
      () =>
        edited((content) => ({ ...content, stacks: [{ stack: "../dev", sha256: "0".repeat(64), providers: null }] })),
      () =>
        'plans must be saved plans of format 1, got {"format":1}: plan again with this version of the repository (stacks: 0: stack: Invalid string: must match pattern /^[\\w-]+$/)',
    ],
    [
      "there is no plans.json",
      () => void rmSync(join(folder, "plans.json")),
      () =>
        `--plans must be a folder with plans.json, got "${folder}": ENOENT: no such file or directory, open '${folder}/plans.json'`,
    ],
  ])("are refused if %s", async (_, happens, message) => {
    const { digest } = await save();
    const approved = happens(digest) ?? digest;
    await expect(readPlans(folder, approved, "dev")).rejects.toThrow(new Error(message(digest)));
  });

  test("are refused without their private key, with another one, and after a change of a byte", async () => {
    const [{ publicKey, privateKey }, other] = [await newKeyPair(), await newKeyPair()];
    const { digest } = await save(publicKey);
    const read = () => readPlans(folder, digest, "dev");
    const wanted = `${privateKeyVariable} must be a private key of age, which begins with AGE-SECRET-KEY-`;
    const fix = "set it to the private key that npm run plan-key made together with the public key of these plans";
    await expect(read()).rejects.toThrow(new Error(`${wanted}, got nothing: ${fix}`));
    process.env[privateKeyVariable] = "AGE-SECRET-KEY-1WRONG";
    await expect(read()).rejects.toThrow(new Error(`${wanted}, got "another value, which is not shown": ${fix}`));
    process.env[privateKeyVariable] = other.privateKey;
    await expect(read()).rejects.toThrow(
      new Error(
        `dev-platform.tfplan.age cannot be decrypted: ${privateKeyVariable} is not the private key of the public key that it was encrypted for; nothing was applied`,
      ),
    );
    process.env[privateKeyVariable] = privateKey;
    flipByte("dev-platform.tfplan.age", (length) => length - 1);
    await expect(read()).rejects.toThrow(
      /^dev-platform.tfplan.age cannot be decrypted: it is no file of age, or it was changed/,
    );
  });

  test("are not saved for a key that is none, into a folder that is in use, or from a checkout with changes", async () => {
    const { privateKey } = await newKeyPair();
    const key = "--encrypt-for must be a public key of age, which begins with age1";
    const fix = "give the public key that npm run plan-key prints";
    expect(() => new PlanSaver(folder, "age1short")).toThrow(new Error(`${key}, got "age1short": ${fix}`));
    expect(() => new PlanSaver(folder, privateKey)).toThrow(new Error(`${key}, got "a private key": ${fix}`));
    Object.assign(checkout, { changed: " M main.ts\nA  b.ts" });
    expect(() => new PlanSaver(folder, undefined)).toThrow(
      new Error(
        '--save-plans must be used in a checkout without changes, got [" M main.ts","A  b.ts"]: commit or undo these changes',
      ),
    );
    Object.assign(checkout, { changed: "" });
    await save();
    expect(() => new PlanSaver(folder, undefined)).toThrow(
      new Error(
        `--save-plans must be a new or an empty folder, got "${folder}": name another one, or remove its files`,
      ),
    );
  });

  test("are not saved on a runner of GitHub if the state would be gone with it", async () => {
    const local = JSON.stringify({ terraform: { backend: { local: { path: "terraform.tfstate" } } } });
    const saver = new PlanSaver(folder, undefined);
    writeFileSync(saver.fileOf("dev-platform"), secret);
    const outcomes = [planned("dev-platform", changing, saver.fileOf("dev-platform"))];
    const onGithub = (json: string) => {
      process.env.GITHUB_ACTIONS = "true";
      return saver.save("dev", [stack("dev-platform", [], json)], outcomes);
    };
    await expect(onGithub(local)).rejects.toThrow(
      new Error(
        "dev.s3State must be set for a deploy from GitHub, got nothing: a file with the state of dev-platform would be gone with its runner; docs/pull-requests-setup.md says how",
      ),
    );
    expect(existsSync(folder)).toBe(false);
    expect((await onGithub("{}")).manifest.stacks).toHaveLength(1);
  });

  test("are not saved if nothing can be applied, but a stack waits", async () => {
    const saver = new PlanSaver(folder, undefined);
    const outcomes: Outcome[] = [
      planned("dev-platform", planOf()),
      { stack: "dev-addons", notes: [], kind: "waits", upstream: "dev-platform" },
    ];
    await expect(
      saver.save("dev", [stack("dev-platform"), stack("dev-addons", ["dev-platform"])], outcomes),
    ).rejects.toThrow(
      new Error(
        "dev-addons can be planned when dev-platform is deployed, but no other stack of dev changes: deploy that one first",
      ),
    );
    expect(existsSync(folder)).toBe(false);
  });
});
