import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { lockFileName } from "../../stacks/provider-locks.ts";
import { repository } from "../../stacks/repository.ts";
import { terraformProgram } from "../../tools/support/terraform.ts";

/** The lowest AWS provider that the platform supports. A stack that it plans can be planned by later ones. */
export const awsProviderVersion = "5.100.0";
export const awsProvider = join("registry.terraform.io", "hashicorp", "aws");

/** A folder from which Terraform takes providers without the internet, or the reason why the tests cannot run. */
export type Mirror = { readonly path: string } | { readonly missing: string };

/** The needs of the tests on this machine: Terraform or OpenTofu, and the provider. */
export function findMirror(): Mirror {
  const program = terraformProgram();
  if (spawnSync(program, ["-version"], { env: terraformEnvironment() }).status !== 0) {
    return { missing: `${program} is not on PATH` };
  }
  const path = findProvider();
  if (path !== undefined) return { path };
  const wanted = `${awsProvider} ${awsProviderVersion}`;
  const named = process.env.TF_PLUGIN_MIRROR;
  if (named !== undefined) return { missing: `TF_PLUGIN_MIRROR (${named}) does not hold ${wanted}` };
  return { missing: `no folder on this disk holds ${wanted}; set TF_PLUGIN_MIRROR to one that does` };
}

/** Terraform's own places for mirrors. */
export const usualMirrors: readonly string[] = [
  join(homedir(), ".terraform.d/plugins"),
  "/usr/local/share/terraform/plugins",
  "/usr/share/terraform/plugins",
];

/**
 * The folder that holds `registry.terraform.io`: `TF_PLUGIN_MIRROR`, one of Terraform's own places, or any other folder on this
 * disk. `terraform providers mirror <folder>` makes one.
 */
export function findProvider(): string | undefined {
  const named = process.env.TF_PLUGIN_MIRROR;
  if (named !== undefined) return holdsProvider(named) ? named : undefined;
  return usualMirrors.find(holdsProvider) ?? searchDisk(join(awsProvider, awsProviderVersion), 9)[0];
}

function holdsProvider(path: string): boolean {
  return existsSync(join(path, awsProvider, awsProviderVersion));
}

/** The folders on this disk that hold a path, without those of other projects and running tests, which may be gone soon. */
export function searchDisk(path: string, depth: number): string[] {
  const { stdout } = spawnSync("find", ["/", "-xdev", "-maxdepth", String(depth), "-type", "d", "-path", `*/${path}`], {
    encoding: "utf8",
    timeout: 30_000,
  });
  const found = (stdout ?? "").split("\n").filter((folder) => folder !== "");
  return found
    .filter((folder) => !/\/\.terraform\/|\/platform-terraform-/.test(folder))
    .map((folder) => folder.slice(0, -path.length - 1));
}

export function terraformEnvironment(own: Record<string, string> = {}): NodeJS.ProcessEnv {
  // Without the user's configuration, arguments and credentials.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TF_|AWS_)/.test(name));
  return { ...Object.fromEntries(inherited), CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...own };
}

/** Content for the file of TF_CLI_CONFIG_FILE, with which Terraform takes all providers from a folder. */
export function mirrorConfiguration(mirror: string): string {
  return `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
}

/**
 * A folder for PLATFORM_PROVIDER_LOCKS: the repository's lock file, but with the AWS provider of a mirror.
 * @param parent a folder in which it is made.
 */
export function mirrorLocks(mirror: string, parent: string): string {
  const folder = join(parent, "locks");
  mkdirSync(folder);
  writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ provider: { aws: {} } }));
  const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  const { status, stderr } = spawnSync(
    terraformProgram(),
    ["providers", "lock", `-fs-mirror=${mirror}`, `-platform=${platform}`],
    { cwd: folder, env: terraformEnvironment(), encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the mirror's AWS provider cannot be locked: ${stderr}`);
  const ofMirror = readFileSync(join(folder, lockFileName), "utf8");
  const locks = readFileSync(join(repository, "providers", lockFileName), "utf8");
  const others = locks.replace(/^provider ".*\/aws"[^}]*}\n/m, "");
  writeFileSync(join(folder, lockFileName), `${others}\n${ofMirror}`);
  return folder;
}
