import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { oneOf } from "../../constructs/support/problems.ts";
import { repository, stackFolder, terraform } from "../support/terraform.ts";
import { environmentOf, runTool, ToolError, takesEnvironment, tool } from "../support/tool.ts";

interface Options {
  readonly environment?: string;
  readonly job?: string;
  readonly directory?: string;
}

/** `npm run collect`: finds where the Job has its results, and hands over to `sweep verify`. */
function collect(argument: string | undefined, { environment: option, job, directory }: Options): void {
  const { name: environment, region } = environmentOf(argument, option);
  const results = resultsOf(environment);
  const name = chosen(job, results, environment);
  const target = directory ?? join("results", `${environment}-${name}`);
  const sweep = join(repository, "worker/bin/sweep.mjs");
  const { status } = spawnSync(process.execPath, [sweep, "verify", String(results[name]), "--download", target], {
    stdio: "inherit",
    // Credentials are the caller's own, as for Terraform; the region is the environment's, wherever the caller's profile is.
    env: { ...process.env, AWS_REGION: region },
  });
  process.exitCode = status ?? 1;
}

/** The output `results` of the workload stack: a URL for each job. */
function resultsOf(environment: string): Readonly<Record<string, string>> {
  const stack = `${environment}-workload`;
  const folder = stackFolder(stack);
  const deploy = `npx cdktf deploy '${environment}-*'`;
  // In a fresh clone of what is deployed the state is in S3, and only the stack's folder is missing.
  if (!existsSync(folder)) {
    throw new ToolError(`there is no ${stack} here: npx cdktf synth, or, if it was never deployed, ${deploy}`);
  }
  const read = () => terraform(folder, "output", "-json", "results");
  let output = read();
  if (output.status !== 0) {
    // A fresh clone, after `cdktf synth`: Terraform does not know its backend yet.
    const initialised = terraform(folder, "init", "-input=false");
    if (initialised.status !== 0) throw new ToolError(initialised.stderr);
    output = read();
  }
  if (output.status !== 0) throw new ToolError(`${stack} has no results; deploy first: ${deploy}\n${output.stderr}`);
  return JSON.parse(output.stdout);
}

function chosen(job: string | undefined, results: Readonly<Record<string, string>>, environment: string): string {
  const names = Object.keys(results);
  const name = job ?? (names.length === 1 ? names[0] : undefined);
  if (name !== undefined && Object.hasOwn(results, name)) return name;
  if (names.length === 0) throw new ToolError(`${environment} has no job, and no results`);
  throw new ToolError(`--job: got ${job ?? "nothing"}; allowed is ${oneOf(names)}`);
}

runTool(
  takesEnvironment(
    tool("collect", "Download the results of an environment's job, and prove that they are complete and undamaged."),
  )
    .option("--job <name>", "which one, where there are several")
    .option("--directory <directory>", "where to (default: results/<environment>-<job>)")
    .action(collect),
);
