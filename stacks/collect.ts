import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InvalidConfigurationError, oneOf } from "../constructs/validation.ts";
import { type Environment, loadEnvironments } from "./config.ts";
import { environments } from "./environments.ts";

const usage = `npm run collect -- --environment <name> [--job <name>] [--directory <directory>]

Downloads the results of an environment's job from its bucket, and proves that they are complete and undamaged.
  --environment  one of stacks/environments.ts
  --job          which one, where there are several
  --directory    where to (default: results/<environment>-<job>)`;

const repository = join(__dirname, "..");

/** What a user must do first, or has written wrongly. */
class CollectError extends Error {}

/** `npm run collect`: finds where the Job has its results, and hands over to `sweep verify`. */
function collect(args: readonly string[]): number {
  const { environment, job, directory } = options(args);
  const results = resultsOf(environment);
  const name = chosen(job, results, environment.name);
  const target = directory ?? join("results", `${environment.name}-${name}`);
  const sweep = join(repository, "worker/bin/sweep.mjs");
  const { status } = spawnSync(process.execPath, [sweep, "verify", String(results[name]), "--download", target], {
    stdio: "inherit",
    // Credentials are the caller's own, as for Terraform; the region is the environment's.
    env: { AWS_REGION: environment.region, ...process.env },
  });
  return status ?? 1;
}

function options(args: readonly string[]) {
  const text = { type: "string" } as const;
  const { values } = parse(() =>
    parseArgs({ args: [...args], options: { environment: text, job: text, directory: text } }),
  );
  const known = loadEnvironments(environments);
  const environment = known.find(({ name }) => name === values.environment);
  if (environment === undefined) {
    const got = values.environment === undefined ? "nothing" : JSON.stringify(values.environment);
    throw new CollectError(`--environment: got ${got}; allowed is ${oneOf(known.map(({ name }) => name))}\n\n${usage}`);
  }
  return { environment, job: values.job, directory: values.directory };
}

function parse<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new CollectError(`${(error as Error).message}\n\n${usage}`);
  }
}

/** The output `results` of the workload stack: a URL for each job. */
function resultsOf({ name }: Environment): Readonly<Record<string, string>> {
  const folder = join(process.env.CDKTF_OUTDIR ?? join(repository, "cdktf.out"), "stacks", `${name}-workload`);
  const first = `deploy first: npx cdktf deploy '${name}-*'`;
  if (!existsSync(folder)) throw new CollectError(`there is no ${name}-workload here; ${first}`);
  const terraform = (...args: string[]) => spawnSync("terraform", [`-chdir=${folder}`, ...args], { encoding: "utf8" });
  const read = () => terraform("output", "-json", "results");
  let output = read();
  if (output.error !== undefined) throw new CollectError(`cannot start terraform: ${output.error.message}`);
  if (output.status !== 0) {
    // A fresh clone, after `cdktf synth`: Terraform does not know its backend yet.
    const initialised = terraform("init", "-input=false");
    if (initialised.status !== 0) throw new CollectError(initialised.stderr);
    output = read();
  }
  if (output.status !== 0) throw new CollectError(`${name}-workload has no results; ${first}\n${output.stderr}`);
  return JSON.parse(output.stdout);
}

function chosen(job: string | undefined, results: Readonly<Record<string, string>>, environment: string): string {
  const names = Object.keys(results);
  const name = job ?? (names.length === 1 ? names[0] : undefined);
  if (name !== undefined && Object.hasOwn(results, name)) return name;
  if (names.length === 0) throw new CollectError(`${environment} has no job, and no results`);
  throw new CollectError(`--job: got ${job ?? "nothing"}; allowed is ${oneOf(names)}`);
}

try {
  process.exitCode = collect(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CollectError || error instanceof InvalidConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
