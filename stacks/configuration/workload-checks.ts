import { readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { NodePool, nodePoolProblems } from "../../constructs/pools/node-pool.ts";
import { executorsOfSize, type NodeTarget } from "../../constructs/pools/node-target.ts";
import { dnsLabelProblems } from "../../constructs/support/kubernetes-syntax.ts";
import { duplicatesIn, oneOf, type Problem, show, within } from "../../constructs/support/problems.ts";
import { imageProblems } from "../../constructs/workload/worker-image.ts";
import { workerJobProblems } from "../../constructs/workload/worker-job-problems.ts";
import type { WellFormed } from "./checks.ts";
import type { Environment } from "./schema.ts";

type Job = Environment["workload"]["jobs"][number];

/** Jobs that Kubernetes, the worker or their pool would refuse, and pools that do not exist. */
export function workloadProblems(
  { workload, instanceTypes }: WellFormed,
  pools: Environment["nodePools"],
  environment: object,
): Problem[] {
  if (workload === undefined) return [];
  const { namespace, image, baseImage, jobs } = workload;
  const problems = [...within(["namespace"], namespaceProblems(namespace)), ...imagesProblems(image, baseImage)];
  const names = Object.keys((environment as { nodePools?: object }).nodePools ?? {});
  const right = rightPools(pools, instanceTypes);
  jobs.forEach((job, index) => {
    const placed = [...placeProblems(job, names, right), ...(image === undefined ? evaluationProblems(job) : [])];
    problems.push(...within(["jobs", index], [...placed, ...workerJobProblems(job, targetOf(job, right))]));
  });
  for (const name of duplicatesIn(jobs.map((job) => job.name))) {
    const fix = "rename one of the two";
    problems.push({ path: ["jobs"], what: "repeats a name", got: show(name), allowed: "each name once", fix });
  }
  return within(["workload"], problems);
}

/** Where a job runs: its pool, or all pools of its size; undefined where there is none. */
export function targetOf({ nodePool, size }: Job, pools: readonly NodePool[]): NodeTarget | undefined {
  if (size !== undefined) return executorsOfSize(pools, size);
  return pools.find((pool) => pool.name === nodePool);
}

/** The pools without a problem of their own: nothing can be said of the room on the others. */
function rightPools(
  pools: Environment["nodePools"],
  additionalInstanceTypes: Environment["instanceTypes"],
): NodePool[] {
  return Object.entries(pools)
    .map(([name, pool]) => ({ name, ...pool, additionalInstanceTypes }))
    .filter((props) => nodePoolProblems(props).length === 0)
    .map((props) => new NodePool(props));
}

function placeProblems({ nodePool, size }: Job, names: readonly string[], pools: readonly NodePool[]): Problem[] {
  if ((nodePool === undefined) === (size === undefined)) {
    const what = size === undefined ? "is missing" : "stands beside size";
    const got = size === undefined ? "neither nodePool nor size" : `${show(nodePool)} and ${show(size)}`;
    const fix = size === undefined ? 'write for example nodePool: "executor"' : "remove the one you do not mean";
    return [{ path: ["nodePool"], what, got, allowed: "exactly one of the two", fix }];
  }
  if (nodePool !== undefined && !names.includes(nodePool)) {
    const fix = `name one of these, or add the pool ${show(nodePool)} to nodePools`;
    const what = "names a pool that does not exist";
    return [{ path: ["nodePool"], what, got: show(nodePool), allowed: oneOf(names), fix }];
  }
  if (size !== undefined && pools.length === names.length && executorsOfSize(pools, size) === undefined) {
    const sizes = [...new Set(pools.flatMap((pool) => pool.labels["executor-size"] ?? []))];
    const fix = `label a pool with "executor-size": ${show(size)}, or name a pool`;
    const allowed = sizes.length === 0 ? "nothing, since no pool has that label" : oneOf(sizes);
    return [{ path: ["size"], what: "is a size that no pool has", got: show(size), allowed, fix }];
  }
  return [];
}

/** The image that is built here holds `worker/evaluations`; a pod that finds no evaluation fails minutes later, on a paid machine. */
function evaluationProblems({ evaluation }: Job): Problem[] {
  const files = readdirSync(join(__dirname, "../../worker/evaluations")).filter((file) => /\.[cm]?[jt]s$/.test(file));
  const names = files.map((file) => basename(file, extname(file)));
  if (evaluation === undefined || names.includes(evaluation)) return [];
  const what = "is not in worker/evaluations, and would not be in the image";
  const fix = "put its file there and name it without folder and ending";
  return [{ path: ["evaluation"], what, got: show(evaluation), allowed: oneOf(names), fix }];
}

function namespaceProblems(namespace: string): Problem[] {
  const problems = dnsLabelProblems(namespace, 63);
  if (!namespace.startsWith("kube-") && namespace !== "default") return problems;
  const what = "is a namespace of Kubernetes itself";
  const fix = 'use for example "sweep"';
  return [...problems, { path: [], what, got: show(namespace), allowed: "any name but default and kube-*", fix }];
}

function imagesProblems(image: string | undefined, baseImage: string | undefined): Problem[] {
  const problems = [
    ...(image === undefined ? [] : within(["image"], imageProblems(image))),
    ...(baseImage === undefined ? [] : within(["baseImage"], imageProblems(baseImage))),
  ];
  if (image === undefined || baseImage === undefined) return problems;
  const what = "stands beside image, which is built already";
  const fix = "remove the one you do not mean";
  return [...problems, { path: ["baseImage"], what, got: show(baseImage), allowed: "one of the two", fix }];
}
