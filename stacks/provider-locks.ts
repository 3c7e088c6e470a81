import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Problem, show, throwIfAny } from "../constructs/support/problems.ts";
import { repository } from "./repository.ts";

/** Terraform's name of a lock file. It pins a version and the checksums of its packages for each provider. */
export const lockFileName = ".terraform.lock.hcl";

/** Names a folder with another lock file, for a mirror with other versions or with packages of its own. */
export const locksVariable = "PLATFORM_PROVIDER_LOCKS";

/** The part of `manifest.json` and `cdk.tf.json` that is read here. */
interface Manifest {
  readonly stacks: Readonly<Record<string, { readonly name: string; readonly workingDirectory: string }>>;
}
type Requirements = Readonly<Record<string, { readonly source: string; readonly version: string }>>;

/**
 * Gives every synthesized stack a lock file, so that a plan of tomorrow uses the provider of today.
 *
 * `constraints` is what `terraform init` would write. With any other text cdktf-cli runs `init -upgrade` and `providers lock`
 * before each deploy.
 *
 * OpenTofu has providers and checksums of its own registry: it gets a lock file only from the folder that the variable names.
 *
 * @param outdir the output folder of the app.
 * @throws InvalidConfigurationError if a provider of a stack is not locked.
 */
export function writeProviderLocks(outdir: string, env: NodeJS.ProcessEnv = process.env): void {
  const registry =
    basename(env.TERRAFORM_BINARY_NAME ?? "") === "tofu" ? "registry.opentofu.org" : "registry.terraform.io";
  const named = env[locksVariable];
  const locked = Boolean(named) || registry === "registry.terraform.io";
  const file = join(named || join(repository, "providers"), lockFileName);
  const locks = existsSync(file) ? locksOf(readFileSync(file, "utf8")) : new Map<string, Lock>();
  const { stacks }: Manifest = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8"));
  for (const { name, workingDirectory } of Object.values(stacks)) {
    const folder = join(outdir, workingDirectory);
    const target = join(folder, lockFileName);
    if (!locked) {
      // An earlier synthesis for Terraform may have left one.
      rmSync(target, { force: true });
      continue;
    }
    const { terraform } = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
    const required = Object.values((terraform?.required_providers ?? {}) as Requirements).map((requirement) => ({
      ...requirement,
      address: addressOf(requirement.source, registry),
    }));
    const missing = required.filter(({ address }) => !locks.has(address));
    const problems = missing.map(({ address, version }): Problem => {
      const allowed = `a folder whose ${lockFileName} has ${address} ${version}`;
      const fix = "make one with terraform providers lock";
      return { path: [named ? locksVariable : "providers"], allowed, got: show(named || "providers"), fix };
    });
    throwIfAny(`the provider lock of ${name}`, problems);
    const content = required
      .sort((one, other) => (one.address < other.address ? -1 : 1))
      .map(({ address, version }) => blockOf(address, version, locks.get(address) as Lock));
    // Even without a provider, because cdktf-cli asks the registry for a stack without the file.
    writeFileSync(target, ["# Written by the synthesis.\n", ...content].join("\n"));
  }
}

/** The address of `aws`, `hashicorp/aws` or `registry.example.com/hashicorp/aws`. */
function addressOf(source: string, registry: string): string {
  const parts = source.split("/");
  return [registry, "hashicorp"]
    .slice(0, 3 - parts.length)
    .concat(parts)
    .join("/");
}

interface Lock {
  readonly version: string;
  /** The lines with the checksums. */
  readonly hashes: string;
}

/** The blocks of a lock file with checksums, by the addresses of their providers. Only Terraform and OpenTofu write such files, in one form. */
function locksOf(content: string): ReadonlyMap<string, Lock> {
  const blocks = content.matchAll(/^provider "(.+)" \{\n +version += "(.+)"[^}]*? +hashes = \[\n([^\]]*) +\]\n\}/gm);
  return new Map([...blocks].map(([, address = "", version = "", hashes = ""]) => [address, { version, hashes }]));
}

/** A block as Terraform writes it. */
function blockOf(address: string, constraints: string, { version, hashes }: Lock): string {
  return `provider "${address}" {
  version     = "${version}"
  constraints = "${constraints}"
  hashes = [
${hashes}  ]
}
`;
}
