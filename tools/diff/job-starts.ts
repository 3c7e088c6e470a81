import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { formatCount, variableName } from "sweep-worker/contract";
import { jobAnnotations } from "../../constructs/workload/worker-job.ts";
import { repository } from "../../stacks/repository.ts";
import { actionOf, type Plan, resourceChanges } from "./plan.ts";

/** What the bucket holds of a run: so many parameters, nothing, or the reason why nobody knows. */
export type InBucket =
  | { readonly kind: "some"; readonly done: number; readonly total: number }
  | { readonly kind: "nothing" }
  | { readonly kind: "unknown"; readonly reason: string };

/** A Job before or after the change, as far as it decides the run. */
interface JobFacts {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The variables of its ConfigMap. */
  readonly data: Readonly<Record<string, string>>;
}

/** The settings that decide a run beside the content of the evaluation. */
const deciding = ["evaluation", "evaluationCommand", "resultColumns", "totalParameters", "batchSize", "seed"] as const;

/**
 * From where each Job starts that a deploy would make: a sentence for each.
 * @param inBucket what the results at a URL hold.
 */
export function jobStarts(plan: Plan, inBucket: (url: string, region: string) => InBucket): string[] {
  return resourceChanges(plan).flatMap(({ type, change }) => {
    const action = actionOf(change);
    if (type !== "kubernetes_job_v1" || (action !== "create" && action !== "replace")) return [];
    const after = factsOf(plan, change.after, "after");
    const run = after?.annotations[jobAnnotations.run];
    const { [variableName("resultsUrl")]: url, AWS_REGION: region } = after?.data ?? {};
    if (after === undefined || run === undefined || url === undefined || region === undefined) return [];
    return [sentenceOf(factsOf(plan, change.before, "before"), after, run, inBucket(url, region))];
  });
}

function factsOf(plan: Plan, value: unknown, when: "before" | "after"): JobFacts | undefined {
  const metadata = metadataOf(value);
  if (metadata?.name === undefined) return undefined;
  const { name, annotations } = metadata;
  // Unchanged ones are in the plan, too: a Job may be made anew beside its old ConfigMap.
  const maps = (plan.resource_changes ?? []).filter(({ type }) => type === "kubernetes_config_map_v1");
  const values = maps.map(({ change }) => change[when] as { readonly data?: Readonly<Record<string, string>> } | null);
  const data = values.find((map) => metadataOf(map)?.name === name)?.data;
  return { name, annotations: annotations ?? {}, data: data ?? {} };
}

function metadataOf(value: unknown) {
  type Metadata = { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> | null };
  return (value as { readonly metadata?: readonly Metadata[] } | null | undefined)?.metadata?.[0];
}

function sentenceOf(before: JobFacts | undefined, after: JobFacts, run: string, found: InBucket): string {
  const was = before?.annotations[jobAnnotations.run];
  const reasons = before === undefined || was === run ? [] : reasonsOf(before, after);
  const because = reasons.length === 0 ? "" : `, because ${reasons.join(" and ")}`;
  const restarts = [before, after].map((job) => job?.annotations[jobAnnotations.restart]);
  const again = was === run && restarts[0] !== restarts[1] ? ` (restart: ${restarts.join(" -> ")})` : "";
  const subject = before === undefined || was === run ? `the run ${run}${again}` : `another run, ${run}${because}`;
  switch (found.kind) {
    case "some": {
      const counts = `${formatCount(found.done)} of ${formatCount(found.total)} parameters are in the bucket`;
      return `Job ${after.name} resumes ${subject}: ${counts}`;
    }
    case "nothing":
      return `Job ${after.name} begins ${subject}, from nothing: the bucket has no result of it`;
    case "unknown":
      return was === run
        ? `Job ${after.name} resumes ${subject}; how much of it is in the bucket could not be read: ${found.reason}`
        : `Job ${after.name} begins ${subject}, from nothing unless that run is in the bucket, which could not be read: ${found.reason}`;
  }
}

/** The differences that make another run, in words. */
function reasonsOf(before: JobFacts, after: JobFacts): string[] {
  const settings = deciding.flatMap((name) => {
    const [old, now] = [before, after].map(({ data }) => data[variableName(name)]);
    return old === now ? [] : [`${name} changes (${old ?? "none"} -> ${now ?? "none"})`];
  });
  const [old, now] = [before, after].map(({ annotations }) => annotations[jobAnnotations.evaluationSha256]);
  const isOtherEvaluation = settings.some((reason) => reason.startsWith("evaluation"));
  const content = old === now || isOtherEvaluation ? [] : ["the content of its evaluation changes"];
  const reasons = [...content, ...settings];
  return reasons.length > 0 ? reasons : ["its runName changes"];
}

/** A large run has a million objects to list, which takes minutes. Nobody waits for that in a diff. */
const withinMs = 30_000;

/** Asks `sweep status`, with the caller's credentials, as `npm run collect` does. */
export function readBucket(url: string, region: string): InBucket {
  const sweep = join(repository, "worker/bin/sweep.mjs");
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [sweep, "status", url, "--json"], {
    encoding: "utf8",
    env: { ...process.env, AWS_REGION: region },
    timeout: withinMs,
    killSignal: "SIGKILL",
  });
  if (status === 0) {
    const { total, remaining } = JSON.parse(stdout) as { readonly total: number; readonly remaining: number };
    return { kind: "some", done: total - remaining, total };
  }
  if (stderr.includes("holds no results: it has no run.json")) return { kind: "nothing" };
  const isLate = (error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT";
  // The URL names the bucket, which cdktf's outputs keep as a sensitive value.
  const last = stderr.trim().split("\n").at(-1) ?? "";
  const said = last
    .replace(/^error: /, "")
    .replaceAll(`${url}/`, "it")
    .replaceAll(url, "it");
  return { kind: "unknown", reason: isLate ? `no answer within ${withinMs / 1000} s` : said || "sweep status failed" };
}
