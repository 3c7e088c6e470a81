import { existsSync } from "node:fs";
import { z } from "zod";
import { parsed } from "./answers.ts";
import { initArguments, stackFolder, terraform, terraformProgram } from "./terraform.ts";
import { ToolError } from "./tool.ts";

/**
 * An output of an environment's deployed workload stack.
 *
 * @param schema the form of the output.
 * @param fix what comes before the deploy if the stack has no such output.
 * @throws ToolError that names the step that must come first, or a program that does not answer as Terraform does.
 */
export function workloadOutput<T>(
  environment: string,
  name: string,
  schema: z.core.$ZodType<T>,
  fix = "deploy first",
): T {
  const stack = `${environment}-workload`;
  const folder = stackFolder(stack);
  const deploy = `npm run deploy -- ${environment}`;
  // In a fresh clone the state is in S3, and only the stack's folder is missing.
  if (!existsSync(folder)) {
    throw new ToolError(`there is no ${stack} here: run npm run synth, or, if it was never deployed, ${deploy}`);
  }
  const answerOf = (...args: readonly string[]) => {
    const answer = terraform(folder, ...args);
    if (answer.status !== null) return answer;
    throw new ToolError(`${terraformProgram()} was ended by a signal: run npm run doctor -- ${environment}`);
  };
  const read = () => answerOf("output", "-no-color", "-json", name);
  let output = read();
  if (output.status !== 0) {
    // In a fresh clone, after `cdktf synth`, Terraform does not know its backend yet.
    const initialised = answerOf(...initArguments(folder));
    if (initialised.status !== 0) throw new ToolError(initialised.stderr);
    output = read();
  }
  if (output.status !== 0) throw new ToolError(`${stack} has no ${name}; ${fix}: ${deploy}\n${output.stderr}`);
  const { data } = z.safeParse(schema, parsed(output.stdout));
  if (data !== undefined) return data;
  const found = `${name} of ${stack}, got ${JSON.stringify(output.stdout.trim().slice(0, 80))}`;
  throw new ToolError(
    `${terraformProgram()} must print the output ${found}: deploy with this version (${deploy}), or see npm run doctor -- ${environment}`,
  );
}

const executorsSchema = z
  .record(
    z.string(),
    z.object({
      queueUrl: z.string(),
      deadLetterQueueUrl: z.string(),
      resultsRoot: z.string(),
      slots: z.number(),
      max: z.number(),
    }),
  )
  .refine((sizes) => Object.keys(sizes).length > 0);

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
  const sizes = workloadOutput(environment, "executors", executorsSchema, fix);
  return Object.entries(sizes).map(([size, executors]) => ({ size, ...executors })) as [Executors, ...Executors[]];
}
