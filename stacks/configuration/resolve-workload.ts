import { DEFAULTS } from "sweep-worker/contract";
import { executorsFolder } from "../../constructs/queue/executors-options.ts";
import { dnsLabelProblems } from "../../constructs/support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import { commandProblems } from "../../constructs/workload/command-problems.ts";
import type { ImageEvaluations } from "../../constructs/workload/image-files.ts";
import { imageProblems } from "../../constructs/workload/image-reference.ts";
import { evaluationProblems } from "../../constructs/workload/worker-image.ts";
import { workerJobProblems } from "../../constructs/workload/worker-job-problems.ts";
import { leastCpuMillis, type WorkerJobSettings } from "../../constructs/workload/worker-job-settings.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { all, allOf, at, checked, problemsIn, type Resolution, refused } from "./resolution.ts";
import { resolveExecutors } from "./resolve-executors.ts";
import type { Pools } from "./resolve-pools.ts";
import { type Pooled, resolveTarget } from "./resolve-target.ts";
import type { ResolvedImage, ResolvedJob, ResolvedWorkload } from "./resolved-environment.ts";
import type { Environment, Job, Workload } from "./schema.ts";

/** @param evaluations The evaluations in a built image. */
export function resolveWorkload(
  environment: Environment,
  pools: Pools,
  malformed: Malformed,
  evaluations: ImageEvaluations,
): Resolution<ResolvedWorkload> {
  const { workload, nodePools } = environment;
  const here = malformed.in("workload");
  const isBuilt = workload.image === undefined && !here.in("image").any;
  const built = isBuilt
    ? { evaluations, baseImage: here.in("baseImage").any ? "unknown" : workload.baseImage }
    : undefined;
  const jobs = workload.jobs.map((job, index) =>
    at(["jobs", index], resolveJob(job, here.in("jobs", index), { pools, nodePools, malformed, built })),
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
    ...folderProblems(workload, names),
  ];
  return at(
    ["workload"],
    all<ResolvedWorkload>({
      namespace: checked(workload.namespace, within(["namespace"], namespaceProblems(workload.namespace))),
      image: resolveImage(workload),
      jobs: named.length === 0 ? allOf(jobs) : refused([...jobs.flatMap(problemsIn), ...named]),
      executors: resolveExecutors(workload.executors ?? [], here.in("executors"), { pools, nodePools, malformed }),
    }),
  );
}

/** The results of a job are in a folder of its name, and its workers may write all of it. */
function folderProblems({ executors = [] }: Workload, names: readonly string[]): Problem[] {
  if (executors.length === 0) return [];
  const allowed = `a name other than ${show(executorsFolder)}, which is the folder of the results of executors`;
  return names.flatMap((name, index) =>
    name === executorsFolder
      ? [{ path: ["jobs", index, "name"], allowed, got: show(name), fix: "rename the job" }]
      : [],
  );
}

interface Surroundings extends Pooled {
  /** Undefined for an image of the user's own, whose content nobody knows here. */
  readonly built: { readonly evaluations: ImageEvaluations; readonly baseImage: string | undefined } | undefined;
}

function resolveJob(job: Job, malformed: Malformed, surroundings: Surroundings): Resolution<ResolvedJob> {
  const target = resolveTarget(job, malformed, surroundings);
  const { nodePool: _, size: __, ...settings } = withRoomForOthers(job, malformed);
  const problems = [
    ...imageContentProblems(settings, surroundings),
    ...workerJobProblems(settings, target.ok ? target.value : undefined),
  ];
  return all<ResolvedJob>({ target, settings: checked(settings, malformed.untouched(problems)) });
}

/** The problem of an evaluation or of a command that the image will not have. The worker's default evaluation may be missing, too. */
function imageContentProblems(
  { evaluation, evaluationCommand }: WorkerJobSettings,
  { built }: Surroundings,
): Problem[] {
  if (built === undefined) return [];
  const { evaluations, baseImage } = built;
  if (evaluationCommand !== undefined) {
    const ofModule = evaluation === undefined ? [] : evaluationProblems(evaluation, evaluations.names);
    return [...within(["evaluation"], ofModule), ...commandProblems(evaluationCommand, evaluations, baseImage)];
  }
  const problems = evaluationProblems(evaluation ?? DEFAULTS.evaluation, evaluations.names);
  const named =
    evaluation === undefined ? problems.map((one) => ({ ...one, got: `${one.got}, the default` })) : problems;
  return within(["evaluation"], named);
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
