import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { withDefaults } from "../contract/declarations.ts";
import { toEnvironment } from "../contract/environment-variables.ts";
import type { RunIdentity } from "../contract/identity.ts";
import type { QueuedSettings } from "../engine/queued-run.ts";
import { EVALUATION_OF_RESULTS } from "../evaluation/source.ts";
import type { Cluster, V1Job } from "./kubernetes.ts";
import { ProblemError } from "./problems.ts";

/** The container of the template that computes. */
const CONTAINER = "worker";
/** Workers of a Job for which nobody says how many. */
const DEFAULT_WORKERS = 3;
/** Characters of a Job's name before its hash. The names of pods add the index and a suffix, and have 63 characters at most. */
const NAME_LENGTH = 40;
const HASH_LENGTH = 10;
/** Between two attempts to create a Job again whose predecessor is being deleted, and the number of attempts. */
const AGAIN_AFTER_MS = 500;
const ATTEMPTS = 20;

/** A sweep for a Job. */
export interface JobSweep {
  /** The place of its results. */
  readonly url: string;
  readonly identity: RunIdentity;
  readonly settings: QueuedSettings;
  /** @default 3 */
  readonly workers: number | undefined;
  /** Most workers of the size. */
  readonly maxWorkers: number;
}

/**
 * The name of a sweep's Job. It is made of the place of the results, so that a submission that is repeated finds its Job, whichever replica
 * of this server takes it.
 */
export function jobNameOf(url: string, { evaluation }: Pick<RunIdentity, "evaluation">): string {
  const words = evaluation
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, NAME_LENGTH)
    .replace(/^[^a-z]+|-+$/g, "");
  const hash = createHash("sha256").update(url).digest("hex").slice(0, HASH_LENGTH);
  return `${words || "sweep"}-${hash}`;
}

/**
 * The Job of a sweep. Everything but its name, its labels, the number of its workers and the environment variables of its container is the
 * template's: no part of a request becomes a part of a pod.
 *
 * @param template the Job as the infrastructure wrote it.
 */
export function fillTemplate(template: Readonly<Record<string, unknown>>, sweep: JobSweep): V1Job {
  const job = structuredClone(template) as unknown as V1Job;
  const name = jobNameOf(sweep.url, sweep.identity);
  const workers = workersOf(sweep);
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": name };
  const pod = job.spec?.template;
  const container = pod?.spec?.containers.find((one) => one.name === CONTAINER);
  if (job.spec === undefined || pod === undefined || container === undefined)
    throw new Error(`the template of the Job has no container ${CONTAINER}`);
  job.metadata = { ...job.metadata, name, labels: { ...job.metadata?.labels, ...labels } };
  job.spec.completions = workers;
  job.spec.parallelism = workers;
  pod.metadata = { ...pod.metadata, labels: { ...pod.metadata?.labels, ...labels } };
  const variables = Object.entries(environmentOf(sweep, workers));
  container.env = [...(container.env ?? []), ...variables.map(([name, value]) => ({ name, value }))];
  return job;
}

function workersOf({ workers = DEFAULT_WORKERS, maxWorkers, identity }: JobSweep): number {
  // A worker without a parameter would buy a machine for nothing.
  return Math.max(1, Math.min(workers, maxWorkers, identity.totalParameters));
}

/** With the defaults, so that the Job shows what its workers do. */
function environmentOf({ url, identity, settings }: JobSweep, totalWorkers: number): Record<string, string> {
  const { totalParameters, batchSize, seed, columns } = identity;
  const { evaluation: _, ...others } = withDefaults({ ...settings, totalParameters, batchSize, seed });
  const { evaluationCommand } = settings;
  return toEnvironment({
    ...others,
    ...(evaluationCommand === undefined ? { evaluation: EVALUATION_OF_RESULTS } : { resultColumns: columns }),
    totalWorkers,
    resultsUrl: url,
  });
}

/** Creates the Job of a sweep, unless there is one at work. */
export async function startJob(
  cluster: Cluster,
  template: Readonly<Record<string, unknown>>,
  sweep: JobSweep,
): Promise<{ readonly isNew: boolean; readonly workers: number }> {
  const job = fillTemplate(template, sweep);
  const name = job.metadata?.name as string;
  const workers = job.spec?.completions as number;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await cluster.createJob(job)) return { isNew: true, workers };
    const found = await cluster.readJob(name);
    const isLeaving = found?.metadata?.deletionTimestamp !== undefined;
    if (found !== undefined && isAtWork(found)) return { isNew: false, workers };
    // One that has ended stays for an hour, and its workers do not start again.
    // Another replica may have created the next one meanwhile.
    if (found !== undefined && !isLeaving) await cluster.deleteJob(name, found.metadata?.uid);
    await setTimeout(AGAIN_AFTER_MS);
  }
  const detail = `the Job ${name} is still being deleted: submit the sweep again in a minute`;
  throw new ProblemError(503, detail, { retryAfterSeconds: 30 });
}

/** Ends the Job of a sweep. Its workers commit what is finished. */
export async function stopJob(cluster: Cluster, url: string, identity: RunIdentity): Promise<void> {
  await cluster.deleteJob(jobNameOf(url, identity));
}

/** Whether the Job of a sweep exists, and neither has ended nor is being deleted. */
export async function isJobAtWork(cluster: Cluster, url: string, identity: RunIdentity): Promise<boolean> {
  const job = await cluster.readJob(jobNameOf(url, identity));
  return job !== undefined && isAtWork(job);
}

function isAtWork({ metadata, status }: V1Job): boolean {
  const ends = ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"];
  const hasEnded = status?.conditions?.some(({ type, status: isTrue }) => ends.includes(type) && isTrue === "True");
  return metadata?.deletionTimestamp === undefined && !hasEnded;
}
