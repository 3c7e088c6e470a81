import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { PermanentError } from "sweep-worker/contract";
import { z } from "zod";
import { nodePoolFacts, podShape, timelineFacts } from "./machines.ts";

/** A Job of an environment, as its pods see it. */
export const jobFacts = z
  .strictObject({
    name: z.string(),
    /** The pool that its pods land on; where several match, the first. */
    pool: z.string(),
    pod: podShape,
    workers: z.number(),
    parallelism: z.number(),
    /** The variables of its ConfigMap: `TOTAL_PARAMETERS`, `BATCH_SIZE` and so on. */
    variables: z.record(z.string(), z.string()),
  })
  .readonly();
export type JobFacts = z.infer<typeof jobFacts>;

/** What `npm run cost -- <environment> --json` tells of an environment, as far as a plan needs it. */
export const environmentFacts = z
  .object({
    name: z.string(),
    region: z.string(),
    /** The day of the prices. */
    pricesOf: z.string(),
    timeline: timelineFacts,
    pools: z.array(nodePoolFacts).readonly(),
    jobs: z.array(jobFacts).readonly(),
    storage: z
      .strictObject({ usdPerThousandPuts: z.number(), usdPerGbMonth: z.number(), natUsdPerNodeStart: z.number() })
      .readonly(),
  })
  .readonly();
export type EnvironmentFacts = z.infer<typeof environmentFacts>;

const REPOSITORY = join(__dirname, "../..");

/**
 * Asks the repository around this package what an environment is.
 *
 * @throws PermanentError outside the repository, and with what the tool said where it failed.
 */
export async function readEnvironment(name: string, prices: string | undefined): Promise<EnvironmentFacts> {
  if (!existsSync(join(REPOSITORY, "tools/cost/index.ts"))) {
    throw new PermanentError(
      `--environment: got ${JSON.stringify(name)}; allowed is only in the repository, whose environments.ts says what it is. Leave it out to plan for this machine`,
    );
  }
  const own = prices === undefined ? [] : ["--prices", resolve(prices)];
  const { code, stdout, stderr } = await run(["--import", "tsx", "tools/cost/index.ts", name, "--json", ...own]);
  if (code !== 0) throw new PermanentError(stderr.trim().replace(/^error: /, ""));
  const [environment] = JSON.parse(stdout).environments;
  return environmentFacts.parse(environment);
}

function run(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", failed);
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}
