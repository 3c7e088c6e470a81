import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { executorsOfSize, type NodeTarget } from "../../constructs/pools/node-target.ts";
import { serviceJobsAccount } from "../../constructs/services/job-template.ts";
import { ServiceJobs, type ServiceJobsProps } from "../../constructs/services/service-jobs.ts";
import type { ServiceJobsOptions } from "../../constructs/services/service-jobs-options.ts";
import { WorkerNamespace } from "../../constructs/workload/worker-namespace.ts";
import { prod } from "../../environments.ts";
import { temporaryDirectory } from "./sweep.ts";
import { type Synthesized, synthesizeApp } from "./synthesized.ts";
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
