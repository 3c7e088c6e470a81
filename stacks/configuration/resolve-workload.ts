import type { NodePool } from "../../constructs/pools/node-pool.ts";
import { executorsOfSize, type NodeTarget } from "../../constructs/pools/node-target.ts";
import { dnsLabelProblems } from "../../constructs/support/kubernetes-syntax.ts";
import { oneOf, type Problem, show, within } from "../../constructs/support/problems.ts";
import { imageProblems } from "../../constructs/workload/image-reference.ts";
import { evaluationProblems } from "../../constructs/workload/worker-image.ts";
import { workerJobProblems } from "../../constructs/workload/worker-job-problems.ts";
import { leastCpuMillis } from "../../constructs/workload/worker-job-settings.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { all, allOf, at, checked, problemsIn, type Resolution, refused, resolved } from "./resolution.ts";
import type { Pools } from "./resolve-pools.ts";
import type { ResolvedImage, ResolvedJob, ResolvedWorkload } from "./resolved-environment.ts";
import type { Environment, Job, Workload } from "./schema.ts";

/** @param evaluations Names of the evaluations in a built image. */
export function resolveWorkload(
  environment: Environment,
  pools: Pools,
  malformed: Malformed,
  evaluations: readonly string[],
): Resolution<ResolvedWorkload> {
  const { workload, nodePools } = environment;
  const here = malformed.in("workload");
  const isBuilt = workload.image === undefined && !here.in("image").any;
  const jobs = workload.jobs.map((job, index) =>
    at(["jobs", index], resolveJob(job, here.in("jobs", index), { pools, nodePools, malformed, isBuilt, evaluations })),
  );
  const names = workload.jobs.map(({ name }, index) => (here.in("jobs", index, "name").any ? "" : name));
  const repeated = duplicateProblems(names, "different from the names of the jobs before it", "rename one of the two");
  const runs = workload.jobs.map(({ runName = "" }, index) => (here.in("jobs", index, "runName").any ? "" : runName));
  const sameRun = duplicateProblems(
    runs,
    "different from the runs of the jobs before it, because a run belongs to one job",
    "rename one of the two, or leave it out",
  );
  const named = [
    ...repeated.map((problem) => ({ ...problem, path: ["jobs", ...problem.path, "name"] })),
    ...sameRun.map((problem) => ({ ...problem, path: ["jobs", ...problem.path, "runName"] })),
  ];
  return at(
    ["workload"],
    all<ResolvedWorkload>({
      namespace: checked(workload.namespace, within(["namespace"], namespaceProblems(workload.namespace))),
      image: resolveImage(workload),
      jobs: named.length === 0 ? allOf(jobs) : refused([...jobs.flatMap(problemsIn), ...named]),
    }),
  );
}

interface Surroundings {
  readonly pools: Pools;
  readonly nodePools: Environment["nodePools"];
  /** As the environment sees it. */
  readonly malformed: Malformed;
  readonly isBuilt: boolean;
  readonly evaluations: readonly string[];
}

function resolveJob(job: Job, malformed: Malformed, surroundings: Surroundings): Resolution<ResolvedJob> {
  const { isBuilt, evaluations } = surroundings;
  const target = resolveTarget(job, malformed, surroundings);
  const { nodePool: _, size: __, ...settings } = withRoomForOthers(job, malformed);
  const problems = workerJobProblems(settings, target.ok ? target.value : undefined);
  if (isBuilt && settings.evaluation !== undefined) {
    problems.unshift(...within(["evaluation"], evaluationProblems(settings.evaluation, evaluations)));
  }
  return all<ResolvedJob>({ target, settings: checked(settings, malformed.untouched(problems)) });
}

/** Settings in which malformed ones have values that leave all others the most room, so that nothing is blamed for them. */
function withRoomForOthers(job: Job, malformed: Malformed): Job {
  const { parallelism = 1, maxFailedIndexes = 1 } = job;
  const lenient: Partial<Job> = {
    workers: Math.max(1, Math.ceil(parallelism), Math.ceil(maxFailedIndexes)),
    cpuRequestMillis: leastCpuMillis,
    memoryRequestMiB: 1,
    evaluationCommand: "true",
  };
  // A job has an evaluation or a command, so that the one in place of a malformed command needs the place of both.
  const { evaluation: _, ...withoutEvaluation } = job;
  const kept = malformed.in("evaluationCommand").any ? withoutEvaluation : job;
  return { ...kept, ...Object.fromEntries(Object.entries(lenient).filter(([name]) => malformed.in(name).any)) };
}

function resolveTarget(job: Job, malformed: Malformed, surroundings: Surroundings): Resolution<NodeTarget> {
  const { nodePool, size } = job;
  if (malformed.in("nodePool").any || malformed.in("size").any) return refused([]);
  if (nodePool !== undefined && size !== undefined) {
    const got = `${show(nodePool)} and size ${show(size)}`;
    const fix = "remove the one that you do not mean";
    return refused([{ path: ["nodePool"], allowed: "left out when there is a size", got, fix }]);
  }
  if (size !== undefined) return resolveSize(size, surroundings);
  if (nodePool !== undefined) return resolvePoolOf(nodePool, surroundings);
  const fix = 'use for example nodePool: "executor"';
  return refused([{ path: ["nodePool"], allowed: "given when there is no size", got: "nothing", fix }]);
}

function resolvePoolOf(nodePool: string, { pools, malformed }: Surroundings): Resolution<NodeTarget> {
  const pool = Object.hasOwn(pools, nodePool) ? pools[nodePool] : undefined;
  // The problems of a pool are reported where it is written.
  if (pool !== undefined) return pool.ok ? pool : refused([]);
  if (malformed.in("nodePools").whole) return refused([]);
  const names = Object.keys(pools);
  const fix = `name one of these, or add the pool ${show(nodePool)} to nodePools`;
  const allowed = names.length === 0 ? "the name of a pool" : oneOf(names);
  return refused([{ path: ["nodePool"], allowed, got: show(nodePool), fix }]);
}

function resolveSize(
  size: NonNullable<Job["size"]>,
  { pools, nodePools, malformed }: Surroundings,
): Resolution<NodeTarget> {
  const labels = Object.entries(nodePools).map(([name, pool]) => [name, pool.labels?.["executor-size"]] as const);
  const sized = labels.flatMap(([name, label]) => (label === size ? (pools[name] ?? []) : []));
  const right: NodePool[] = sized.flatMap((pool) => (pool.ok ? [pool.value] : []));
  // A job must fit on every pool of its size, so the valid pools are enough to find a problem.
  const target = executorsOfSize(right, size);
  if (target !== undefined) return resolved(target);
  if (sized.length > 0) return refused([]);
  if (Object.keys(nodePools).some((name) => malformed.in("nodePools", name, "labels").any)) return refused([]);
  if (malformed.in("nodePools").whole) return refused([]);
  const sizes = [...new Set(labels.flatMap(([, label]) => label ?? []))];
  const allowed = sizes.length === 0 ? "left out, because no pool has the label executor-size" : oneOf(sizes.map(show));
  const fix = `label a pool with "executor-size": ${show(size)}, or name a pool`;
  return refused([{ path: ["size"], allowed, got: show(size), fix }]);
}

function namespaceProblems(namespace: string): Problem[] {
  const problems = dnsLabelProblems(namespace, 63);
  if (!namespace.startsWith("kube-") && namespace !== "default") return problems;
  const allowed = "a namespace of its own, not default or kube-*";
  return [...problems, { path: [], allowed, got: show(namespace), fix: 'use for example "sweep"' }];
}

function resolveImage({ image, baseImage }: Workload): Resolution<ResolvedImage> {
  const problems = [
    ...(image === undefined ? [] : within(["image"], imageProblems(image))),
    ...(baseImage === undefined ? [] : within(["baseImage"], imageProblems(baseImage))),
  ];
  if (image === undefined) return checked({ kind: "built", baseImage }, problems);
  if (baseImage !== undefined) {
    const allowed = "left out beside image, which is built already";
    const fix = "remove the one that you do not mean";
    problems.push({ path: ["baseImage"], allowed, got: show(baseImage), fix });
  }
  return checked({ kind: "prebuilt", reference: image }, problems);
}
