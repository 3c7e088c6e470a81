import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { terraformProgram } from "../../tools/support/terraform.ts";

/** The lowest AWS provider the platform supports: what plans there plans with later ones. */
export const awsProviderVersion = "5.100.0";
export const awsProvider = join("registry.terraform.io", "hashicorp", "aws");

/** Where Terraform finds the AWS provider without the internet, or why the tests cannot run. */
export type Mirror = { readonly path: string } | { readonly missing: string };

/** What the tests need of this machine: Terraform, or what stands in for it, and the provider. */
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

/**
 * The folder that holds `registry.terraform.io`: `TF_PLUGIN_MIRROR`, one of Terraform's own places, or wherever on this
 * disk one lies. `terraform providers mirror <folder>` makes one.
 */
export function findProvider(): string | undefined {
  const named = process.env.TF_PLUGIN_MIRROR;
  if (named !== undefined) return [named].find(holdsProvider);
  const usual = [
    join(homedir(), ".terraform.d/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ];
  return usual.find(holdsProvider) ?? searchDisk();
}

function holdsProvider(path: string): boolean {
  return existsSync(join(path, awsProvider, awsProviderVersion));
}

function searchDisk(): string | undefined {
  const found = spawnSync(
    "find",
    ["/", "-xdev", "-maxdepth", "9", "-type", "d", "-path", `*/${awsProvider}/${awsProviderVersion}`],
    { encoding: "utf8", timeout: 30_000 },
  );
  // Not from another project's .terraform, nor from a test that runs now: both may be gone the next minute.
  const first = (found.stdout ?? "").split("\n").find((path) => !/\/\.terraform\/|\/platform-terraform-/.test(path));
  return first ? first.slice(0, first.indexOf(awsProvider) - 1) : undefined;
}

export function terraformEnvironment(own: Record<string, string> = {}): NodeJS.ProcessEnv {
  // Nothing of the user's: no configuration, no arguments, no credentials.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TF_|AWS_)/.test(name));
  return { ...Object.fromEntries(inherited), CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...own };
}

/** What a file must hold that TF_CLI_CONFIG_FILE names, for providers to come from a folder. */
export function mirrorConfiguration(mirror: string): string {
  return `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
}
