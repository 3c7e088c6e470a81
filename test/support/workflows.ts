import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { variablePrefix } from "../../stacks/configuration/variables.ts";
import { read, root } from "./repository.ts";

export const folder = ".github/workflows";
export const files = readdirSync(join(root, folder)).map((name) => join(folder, name));
/** The action that sets up every job. */
export const action = ".github/actions/setup/action.yml";

/** The part of a step that the tests read. */
export interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly with?: Readonly<Record<string, string>>;
  readonly if?: string;
  readonly concurrency?: Concurrency;
  readonly secrets?: unknown;
}

interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": unknown;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: Concurrency;
  readonly defaults?: { readonly run?: { readonly shell?: string } };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Each with its path. */
export const workflows = files.map((path): [string, Workflow] => [path, parse(read(path))]);
/** Of all workflows, each with the path and its name. */
export const jobs = workflows.flatMap(([path, { jobs: all }]) =>
  Object.entries(all).map(([name, job]): [string, Job] => [`${path} ${name}`, job]),
);
/** Of all jobs and of the action. */
export const steps = [
  ...jobs.flatMap(([name, job]) => (job.steps ?? []).map((step): [string, Step] => [name, step])),
  ...(parse(read(action)).runs.steps as Step[]).map((step): [string, Step] => [action, step]),
];
export const scripts = steps.flatMap(([name, { run }]) => (run === undefined ? [] : [[name, run] as const]));

/** @param name for example `ci`. */
export function workflowOf(name: string): Workflow {
  const [, workflow] = workflows.find(([path]) => path === join(folder, `${name}.yml`)) ?? [];
  if (workflow === undefined) throw new Error(`there is no ${name}.yml in ${folder}`);
  return workflow;
}

/** The steps of a job. None if it has another workflow do its work. */
export const stepsOf = (workflow: string, job: string): readonly Step[] => workflowOf(workflow).jobs[job]?.steps ?? [];

export const stepOf = (workflow: string, job: string, name: string) =>
  stepsOf(workflow, job).find((step) => step.name === name);

/** An expression as GitHub writes it. */
export const expression = (value: string) => `\${{ ${value} }}`;

/** The end of the names of an environment's variables, for example `DEV_EU`. */
export const suffixOf = (environment: string) => variablePrefix(environment).slice("PLATFORM_".length);
