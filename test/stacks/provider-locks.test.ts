import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "cdktf";
import { satisfies } from "semver";
import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import { createStacks } from "../../stacks/create-stacks.ts";
import { lockFileName, writeProviderLocks } from "../../stacks/provider-locks.ts";
import { repository } from "../../stacks/repository.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const root = temporaryDirectory();
const outdir = join(root, "cdktf.out");
const app = new App({ outdir });
for (const environment of loadEnvironments(environments)) createStacks(app, environment);
app.synth();

const folderOf = (stack: string) => join(outdir, "stacks", stack);
const lockOf = (stack: string) => readFileSync(join(folderOf(stack), lockFileName), "utf8");
const versionsIn = (text: string) => [...text.matchAll(/^ +version += "(.*)"$/gm)].map(([, version]) => version);
const constraintsIn = (text: string) => [...text.matchAll(/^ +constraints += "(.*)"$/gm)].map(([, range]) => range);
const hashesIn = (text: string) => [...text.matchAll(/"((?:zh|h1):.*)",$/gm)].map(([, hash]) => hash);

const whole = readFileSync(join(repository, "providers", lockFileName), "utf8");

test("each stack gets the locks of its own providers, with the constraints that it has", () => {
  writeProviderLocks(outdir, {});
  const names = (text: string) => [...text.matchAll(/^provider "(.*)" \{$/gm)].map(([, name]) => name);
  expect(names(lockOf("dev-platform"))).toEqual(["registry.terraform.io/hashicorp/aws"]);
  expect(names(lockOf("dev-addons"))).toEqual(["registry.terraform.io/hashicorp/helm"]);
  expect(names(lockOf("dev-workload"))).toEqual([
    "registry.terraform.io/hashicorp/helm",
    "registry.terraform.io/hashicorp/kubernetes",
  ]);
  // cdktf-cli asks the registry for a stack without the file.
  expect(names(lockOf("dev-image"))).toEqual([]);
  for (const stack of ["dev-platform", "dev-addons", "dev-workload", "prod-platform", "prod-addons", "prod-workload"]) {
    const { terraform } = JSON.parse(readFileSync(join(folderOf(stack), "cdk.tf.json"), "utf8"));
    const ranges = Object.values<{ version: string }>(terraform.required_providers).map(({ version }) => version);
    expect(constraintsIn(lockOf(stack)).sort()).toEqual(ranges.sort());
    versionsIn(lockOf(stack)).forEach((version, index) => {
      expect(satisfies(version as string, constraintsIn(lockOf(stack))[index]?.replaceAll(",", " ") as string)).toBe(
        true,
      );
    });
  }
  expect([...new Set([...hashesIn(lockOf("dev-platform")), ...hashesIn(lockOf("dev-workload"))])].sort()).toEqual(
    [...new Set(hashesIn(whole))].sort(),
  );
});

test("versions.tf, which Renovate raises, has the versions of the lock file, with checksums of all platforms", () => {
  const wanted = readFileSync(join(repository, "providers", "versions.tf"), "utf8");
  expect(versionsIn(whole)).toEqual(versionsIn(wanted));
  for (const block of whole.split(/^provider /m).slice(1)) {
    const of = (scheme: string) => hashesIn(block).filter((hash) => hash?.startsWith(`${scheme}:`)).length;
    // Linux and macOS, for both processors, have a checksum of the unpacked files: a cache is verified with it.
    expect(of("h1")).toBeGreaterThanOrEqual(4);
    expect(of("zh")).toBeGreaterThanOrEqual(12);
  }
});

test("another folder can lock other versions, and must lock every provider", () => {
  const folder = join(root, "locks");
  mkdirSync(folder);
  writeFileSync(join(folder, lockFileName), whole.replace('"6.36.0"', '"5.100.0"'));
  writeProviderLocks(outdir, { PLATFORM_PROVIDER_LOCKS: folder });
  expect(versionsIn(lockOf("dev-platform"))).toEqual(["5.100.0"]);
  const kubernetes = whole.indexOf('provider "registry.terraform.io/hashicorp/kub');
  // Terraform refuses a lock without checksums with other words.
  for (const rest of ["", whole.slice(kubernetes).replace(/ +hashes = \[[^\]]*\]\n/, "")]) {
    writeFileSync(join(folder, lockFileName), whole.slice(0, kubernetes) + rest);
    expect(() => writeProviderLocks(outdir, { PLATFORM_PROVIDER_LOCKS: folder })).toThrow(
      new Error(
        `the provider lock of dev-workload has 1 problem:\n  - PLATFORM_PROVIDER_LOCKS must be a folder whose .terraform.lock.hcl has registry.terraform.io/hashicorp/kubernetes >= 2.36.0, < 4.0.0, got "${folder}": make one with terraform providers lock`,
      ),
    );
  }
});

test("OpenTofu, whose registry has other checksums, is locked by a folder of its own only", () => {
  writeProviderLocks(outdir, {});
  const before = lockOf("dev-platform");
  writeProviderLocks(outdir, { TERRAFORM_BINARY_NAME: "/usr/bin/tofu" });
  expect(existsSync(join(folderOf("dev-platform"), lockFileName))).toBe(false);
  const folder = join(root, "tofu");
  mkdirSync(folder);
  writeFileSync(join(folder, lockFileName), whole.replaceAll("registry.terraform.io", "registry.opentofu.org"));
  writeProviderLocks(outdir, { TERRAFORM_BINARY_NAME: "/usr/bin/tofu", PLATFORM_PROVIDER_LOCKS: folder });
  expect(lockOf("dev-platform")).toBe(before.replaceAll("registry.terraform.io", "registry.opentofu.org"));
});
