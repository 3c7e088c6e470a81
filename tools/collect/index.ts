import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../stacks/repository.ts";
import { environmentOf, jobOf, takesEnvironment } from "../support/environment.ts";
import { stackFolder, terraform } from "../support/terraform.ts";
import { runTool, ToolError, tool } from "../support/tool.ts";

interface Options {
  readonly environment?: string;
  readonly job?: string;
  readonly directory?: string;
}

/** `npm run collect`: finds the results of a job, and starts `sweep verify`. */
function collect(argument: string | undefined, { environment: option, job, directory }: Options): void {
  const { name: environment, region } = environmentOf(argument, option);
  const { url } = jobOf(job, resultsOf(environment), environment);
  const sweep = join(repository, "worker/bin/sweep.mjs");
  const download = directory === undefined ? [] : ["--download", directory];
  const { status } = spawnSync(process.execPath, [sweep, "verify", url, ...download], {
    stdio: "inherit",
    // The credentials are the caller's own, as for Terraform. The region is the environment's, not that of the caller's profile.
    env: { ...process.env, AWS_REGION: region },
  });
  process.exitCode = status ?? 1;
}

/** The output `results` of the workload stack: the URL of each job's results. */
function resultsOf(environment: string): { readonly name: string; readonly url: string }[] {
  const stack = `${environment}-workload`;
  const folder = stackFolder(stack);
  const deploy = `npm run deploy -- ${environment}`;
  // In a fresh clone the state is in S3, and only the stack's folder is missing.
  if (!existsSync(folder)) {
    throw new ToolError(`there is no ${stack} here: run npx cdktf synth, or, if it was never deployed, ${deploy}`);
  }
  const read = () => terraform(folder, "output", "-json", "results");
  let output = read();
  if (output.status !== 0) {
    // In a fresh clone, after `cdktf synth`, Terraform does not know its backend yet.
    const initialised = terraform(folder, "init", "-input=false");
    if (initialised.status !== 0) throw new ToolError(initialised.stderr);
    output = read();
  }
  if (output.status !== 0) throw new ToolError(`${stack} has no results; deploy first: ${deploy}\n${output.stderr}`);
  const urls: Readonly<Record<string, string>> = JSON.parse(output.stdout);
  return Object.entries(urls).map(([name, url]) => ({ name, url }));
}

runTool(
  takesEnvironment(tool("npm run collect --", "Prove that the results of a job are complete and undamaged."))
    .option("--job <name>", "one of its jobs, if there are several")
    .option("--directory <directory>", "download the results as files, too (default: read them, and keep nothing)")
    .action(collect),
);
