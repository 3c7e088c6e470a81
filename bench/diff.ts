import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMirror, mirrorConfiguration, mirrorLocks, terraformEnvironment } from "../test/support/mirror.ts";
import { terraformProgram } from "../tools/support/terraform.ts";
import type { Measurement } from "./measurement.ts";
import { median } from "./statistics.ts";
import type { Workspace } from "./workspace.ts";

const project = join(__dirname, "..");
const rounds = 5;
const stack = "dev-platform";

/** No request to AWS, so that both plan what the configuration says, and nothing waits for a network. */
const withoutAccount = {
  terraform: { backend: { local: {} } },
  provider: {
    aws: [
      {
        access_key: "bench",
        secret_key: "bench",
        skip_credentials_validation: true,
        skip_metadata_api_check: true,
        skip_requesting_account_id: true,
        allowed_account_ids: null,
      },
    ],
  },
};

/**
 * Times `npm run diff` of the platform against `terraform plan` in the same folder, with the real AWS provider. The rounds alternate,
 * so that both meet the same load, and medians ignore single outliers.
 */
export async function measureDiff({ report }: Workspace): Promise<Measurement[]> {
  report("diff");
  const name = "diff of the platform, against terraform plan";
  const mirror = findMirror();
  if ("missing" in mirror) return [{ name, unit: "x", limit: { atMost: 2.2 }, detail: mirror.missing }];
  const root = mkdtempSync(join(tmpdir(), "bench-diff-"));
  try {
    const configuration = join(root, "terraform.rc");
    writeFileSync(configuration, mirrorConfiguration(mirror.path));
    const outdir = join(root, "cdktf.out");
    const folder = join(outdir, "stacks", stack);
    const env = terraformEnvironment({
      TF_CLI_CONFIG_FILE: configuration,
      CDKTF_OUTDIR: outdir,
      PLATFORM_PROVIDER_LOCKS: mirrorLocks(mirror.path, root),
    });
    const diff = ["npm", "run", "--silent", "diff", "--", "dev", "--stack", "platform"];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "bench_override.tf.json"), JSON.stringify(withoutAccount));
    // The first diff initialises the folder.
    milliseconds(diff, project, env);
    const plan = [terraformProgram(), "plan", "-input=false", "-lock=false", "-out=bench.tfplan"];
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      theirs.push(milliseconds(plan, folder, env));
      ours.push(milliseconds(diff, project, env));
    }
    const detail = `${stack}, AWS provider of a mirror, median of ${rounds} alternating rounds`;
    return [
      { name: "npm run diff of the platform", value: median(ours), unit: "ms", detail },
      { name: "terraform plan of the platform", value: median(theirs), unit: "ms", detail },
      { name, value: median(ours) / median(theirs), unit: "x", limit: { atMost: 2.2 }, detail },
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function milliseconds([program = "", ...args]: readonly string[], cwd: string, env: NodeJS.ProcessEnv): number {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stderr}${stdout}`);
  return performance.now() - started;
}
