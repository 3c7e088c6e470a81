import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { toEnvironment, withDefaults } from "sweep-worker/contract";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { executorsOfSize, type NodeTarget } from "../../constructs/pools/node-target.ts";
import { serviceJobsAccount } from "../../constructs/services/job-template.ts";
import { ServiceJobs, type ServiceJobsProps } from "../../constructs/services/service-jobs.ts";
import type { ServiceJobsOptions } from "../../constructs/services/service-jobs-options.ts";
import { WorkerNamespace } from "../../constructs/workload/worker-namespace.ts";
import { prod } from "../../environments.ts";
import { temporaryDirectory } from "./sweep.ts";
import { type ResourceJson, type Synthesized, synthesizeApp } from "./synthesized.ts";
import { testImage } from "./workload.ts";

const directory = temporaryDirectory();
let made = 0;

/** All pools of prod of a size. */
export function targetOf(size: ServiceJobsOptions["size"]): NodeTarget {
  const pools = Object.entries(prod.nodePools).map(([name, props]) => new NodePool({ name, ...props }));
  const target = executorsOfSize(pools, size);
  if (target === undefined) throw new Error(`prod has no pool of the size ${size}`);
  return target;
}

/** A stack with the Jobs that the API may create, and their namespace. */
export function synthesizeServiceJobs(
  options: readonly [ServiceJobsOptions, ...ServiceJobsOptions[]],
  changes: Partial<ServiceJobsProps> = {},
): { readonly stack: Synthesized; readonly sizes: ServiceJobs["sizes"] } {
  const app = new App({ outdir: join(directory, String(made++)), skipValidation: true });
  const stack = new TerraformStack(app, "test");
  const { namespace, dependables } = new WorkerNamespace(stack, "namespace", {
    name: "sweep",
    serviceAccounts: [serviceJobsAccount],
    kubernetesVersion: "1.35",
  });
  const [first, ...others] = options.map((one) => ({ options: one, target: targetOf(one.size) }));
  if (first === undefined) throw new Error("there is a size");
  const { sizes } = new ServiceJobs(stack, "service-jobs", {
    jobs: [first, ...others],
    namespace,
    image: testImage(),
    region: "us-west-2",
    resultsRoot: "s3://bucket/runs/jobs",
    allowCommands: false,
    otherJobs: 0,
    dependsOn: dependables,
    ...changes,
  });
  return { stack: synthesizeApp(app).get("test") as Synthesized, sizes };
}

/** A Job as the API makes it of the template of a size. */
export function testSweep(
  { sizes }: Pick<ReturnType<typeof synthesizeServiceJobs>, "sizes">,
  size: ServiceJobsOptions["size"],
  { name, workers }: { readonly name: string; readonly workers: number },
): ResourceJson {
  const template = sizes.get(size)?.template;
  if (template === undefined) throw new Error(`there is no template for ${size}`);
  const job: ResourceJson = structuredClone(template);
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": name };
  Object.assign(job.metadata, { name, labels: { ...job.metadata.labels, ...labels } });
  Object.assign(job.spec, { completions: workers, parallelism: workers });
  Object.assign(job.spec.template.metadata.labels, labels);
  const settings = { totalParameters: 1000, totalWorkers: workers, evaluation: "collatz" };
  const environment = toEnvironment({ ...withDefaults(settings), resultsUrl: `s3://bucket/runs/jobs/${name}` });
  for (const [variable, value] of Object.entries(environment)) {
    if (variable !== "WORKER_ID") job.spec.template.spec.containers[0].env.push({ name: variable, value });
  }
  return job;
}
