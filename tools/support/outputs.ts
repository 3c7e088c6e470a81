import { existsSync } from "node:fs";
import { stackFolder, terraform } from "./terraform.ts";
import { ToolError } from "./tool.ts";

/**
 * An output of an environment's deployed workload stack.
 *
 * @param fix what comes before the deploy if the stack has no such output.
 * @throws ToolError that names the step that must come first.
 */
export function workloadOutput<T>(environment: string, name: string, fix = "deploy first"): T {
  const stack = `${environment}-workload`;
  const folder = stackFolder(stack);
  const deploy = `npm run deploy -- ${environment}`;
  // In a fresh clone the state is in S3, and only the stack's folder is missing.
  if (!existsSync(folder)) {
    throw new ToolError(`there is no ${stack} here: run npx cdktf synth, or, if it was never deployed, ${deploy}`);
  }
  const read = () => terraform(folder, "output", "-json", name);
  let output = read();
  if (output.status !== 0) {
    // In a fresh clone, after `cdktf synth`, Terraform does not know its backend yet.
    const initialised = terraform(folder, "init", "-input=false");
    if (initialised.status !== 0) throw new ToolError(initialised.stderr);
    output = read();
  }
  if (output.status !== 0) throw new ToolError(`${stack} has no ${name}; ${fix}: ${deploy}\n${output.stderr}`);
  return JSON.parse(output.stdout);
}

/** A queue with its executors, as the output `executors` of the workload stack has it. */
export interface Executors {
  readonly size: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The place of the results of all runs of the environment: `s3://<bucket>/<prefix>`. */
  readonly resultsRoot: string;
  readonly slots: number;
  readonly max: number;
}

/** The place of a run's results. @param run its name, or the place itself. */
export function placeOfRun({ resultsRoot }: Executors, run: string): string {
  return run.includes("://") ? run : `${resultsRoot}/${run}`;
}

/** The executors of an environment, one entry for each size. A stack without executors has no such output. */
export function executorsOf(environment: string): readonly [Executors, ...Executors[]] {
  const fix = "list them as workload.executors in environments.ts, and deploy";
  const sizes = workloadOutput<Readonly<Record<string, Omit<Executors, "size">>>>(environment, "executors", fix);
  return Object.entries(sizes).map(([size, executors]) => ({ size, ...executors })) as [Executors, ...Executors[]];
}
