import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { repository } from "../../stacks/repository.ts";
import { environmentOf, jobOf, takesEnvironment } from "../support/environment.ts";
import { executorsOf, placeOfRun, workloadOutput } from "../support/outputs.ts";
import { refusal, runTool, tool } from "../support/tool.ts";

interface Options {
  readonly environment?: string;
  readonly job?: string;
  readonly run?: string;
  readonly directory?: string;
}

/** `npm run collect`: finds the results of a job or of a submitted run, and starts `sweep verify`. */
function collect(argument: string | undefined, { environment: option, job, run, directory }: Options): void {
  const { name: environment, region } = environmentOf(argument, option);
  const url = placeOf(environment, job, run);
  const sweep = join(repository, "worker/bin/sweep.mjs");
  const download = directory === undefined ? [] : ["--download", directory];
  const { status } = spawnSync(process.execPath, [sweep, "verify", url, ...download], {
    stdio: "inherit",
    // The credentials are the caller's own, as for Terraform. The region is the environment's, not that of the caller's profile.
    env: { ...process.env, AWS_REGION: region },
  });
  process.exitCode = status ?? 1;
}

/** The place of the results of a job, or of a run that was submitted. */
function placeOf(environment: string, job: string | undefined, run: string | undefined): string {
  if (run === undefined) {
    const urls = workloadOutput(environment, "results", z.record(z.string(), z.string()));
    const jobs = Object.entries(urls).map(([name, url]) => ({ name, url }));
    return jobOf(job, jobs, environment).url;
  }
  if (job !== undefined) throw refusal("--run", "left out beside --job", run, "use one of the two");
  // All sizes have the same place.
  return placeOfRun(executorsOf(environment)[0], run);
}

runTool(
  takesEnvironment(
    tool("npm run collect --", "Prove that the results of a job or of a submitted run are complete and undamaged."),
  )
    .option("--job <name>", "one of its jobs, if there are several")
    .option("--run <name>", "a run that npm run submit has submitted, in the place of a job")
    .option("--directory <directory>", "download the results as files, too (default: read them, and keep nothing)")
    .action(collect),
);
