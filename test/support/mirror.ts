import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { terraformProgram } from "../../tools/support/terraform.ts";

/** The lowest AWS provider that the platform supports. A stack that it plans can be planned by later ones. */
export const awsProviderVersion = "5.100.0";
export const awsProvider = join("registry.terraform.io", "hashicorp", "aws");

/** The folder with the AWS provider, for Terraform without the internet; or the reason why the tests cannot run. */
export type Mirror = { readonly path: string } | { readonly missing: string };

/** Looks for Terraform or its replacement, and for the provider, on this machine. */
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
 * The folder that holds `registry.terraform.io`: `TF_PLUGIN_MIRROR`, one of Terraform's own places, or one anywhere on this
 * disk. `terraform providers mirror <folder>` makes one.
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
  // The user's configuration, arguments and credentials must not reach the tests.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TF_|AWS_)/.test(name));
  return { ...Object.fromEntries(inherited), CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...own };
}

/** The content of a file for TF_CLI_CONFIG_FILE, with which providers come from a folder. */
export function mirrorConfiguration(mirror: string): string {
  return `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
}
