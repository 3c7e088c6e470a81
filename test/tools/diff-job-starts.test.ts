import { type InBucket, jobStarts } from "../../tools/diff/job-starts.ts";
import type { Change, Plan } from "../../tools/diff/plan.ts";

/** A Job and its ConfigMap, as the provider writes them. */
interface Facts {
  readonly name: string;
  readonly run: string;
  readonly sha256?: string;
  readonly restart?: string;
  readonly data?: Readonly<Record<string, string>>;
}
const valuesOf = ({ name, run, sha256 = "1", restart = "0", data = {} }: Facts) => ({
  job: {
    metadata: [
      {
        name,
        annotations: {
          "evaluation-platform/run": run,
          "evaluation-platform/evaluation-sha256": sha256,
          "evaluation-platform/restart": restart,
        },
      },
    ],
  },
  map: {
    metadata: [{ name }],
    data: { RESULTS_URL: `s3://bucket/runs/${run}`, AWS_REGION: "eu-west-1", EVALUATION: "collatz", ...data },
  },
});

const planOf = (before: Facts | undefined, after: Facts, actions: readonly string[]): Plan => {
  const [old, now] = [before === undefined ? undefined : valuesOf(before), valuesOf(after)];
  const change = (part: "job" | "map"): Change => ({ actions, before: old?.[part] ?? null, after: now[part] });
  return {
    format_version: "1.2",
    resource_changes: [
      { address: "kubernetes_job_v1.a", type: "kubernetes_job_v1", change: change("job") },
      { address: "kubernetes_config_map_v1.a", type: "kubernetes_config_map_v1", change: change("map") },
    ],
  };
};
/** A Job, and the one that replaces it with the same run. */
const first: Facts = { name: "a-1", run: "a-r" };
const second: Facts = { name: "a-2", run: "a-r" };
const replace = ["delete", "create"];
const nothing: InBucket = { kind: "nothing" };
const half: InBucket = { kind: "some", done: 5000, total: 10_000 };
const unreadable: InBucket = { kind: "unknown", reason: "AccessDenied" };

test.each<[string, Facts | undefined, Facts, InBucket, string]>([
  ["the same run", first, second, half, "Job a-2 resumes the run a-r: 5,000 of 10,000 parameters are in the bucket"],
  [
    "the same run, started again",
    first,
    { name: "a-2", run: "a-r", restart: "1" },
    half,
    "Job a-2 resumes the run a-r (restart: 0 -> 1): 5,000 of 10,000 parameters are in the bucket",
  ],
  [
    "the same run that has stored nothing",
    first,
    second,
    nothing,
    "Job a-2 begins the run a-r, from nothing: the bucket has no result of it",
  ],
  [
    "the same run in a bucket that cannot be read",
    first,
    second,
    unreadable,
    "Job a-2 resumes the run a-r; how much of it is in the bucket could not be read: AccessDenied",
  ],
  [
    "another evaluation of the same name",
    first,
    { name: "a-2", run: "a-s", sha256: "2" },
    nothing,
    "Job a-2 begins another run, a-s, because the content of its evaluation changes, from nothing: the bucket has no result of it",
  ],
  [
    "another evaluation and another total",
    { name: "a-1", run: "a-r", data: { TOTAL_PARAMETERS: "10" } },
    { name: "a-2", run: "a-s", sha256: "2", data: { EVALUATION: "prime", TOTAL_PARAMETERS: "20" } },
    nothing,
    "Job a-2 begins another run, a-s, because evaluation changes (collatz -> prime) and totalParameters changes (10 -> 20), from nothing: the bucket has no result of it",
  ],
  [
    "a run of an earlier time",
    { name: "a-1", run: "a-r", data: { SEED: "1" } },
    { name: "a-2", run: "a-s", data: { SEED: "0" } },
    half,
    "Job a-2 resumes another run, a-s, because seed changes (1 -> 0): 5,000 of 10,000 parameters are in the bucket",
  ],
  [
    "a run with a name of its own",
    first,
    { name: "a-2", run: "mine" },
    unreadable,
    "Job a-2 begins another run, mine, because its runName changes, from nothing unless that run is in the bucket, which could not be read: AccessDenied",
  ],
  [
    "a first Job",
    undefined,
    first,
    nothing,
    "Job a-1 begins the run a-r, from nothing: the bucket has no result of it",
  ],
  [
    "a first Job after a destroy",
    undefined,
    first,
    half,
    "Job a-1 resumes the run a-r: 5,000 of 10,000 parameters are in the bucket",
  ],
])("the start of %s is told", (_, before, after, found, sentence) => {
  const asked: string[][] = [];
  const plan = planOf(before, after, before === undefined ? ["create"] : replace);
  expect(
    jobStarts(plan, (...place) => {
      asked.push(place);
      return found;
    }),
  ).toEqual([sentence]);
  expect(asked).toEqual([[`s3://bucket/runs/${after.run}`, "eu-west-1"]]);
});

test.each([["update"], ["delete"], ["no-op"]])("a Job with the change %s starts nowhere", (action) => {
  expect(jobStarts(planOf(first, first, [action]), () => half)).toEqual([]);
});

test("a Job of another program says nothing", () => {
  const plan = planOf(undefined, first, ["create"]);
  const [job] = plan.resource_changes ?? [];
  (job?.change.after as { metadata: object[] }).metadata = [{ name: "b" }];
  expect(jobStarts(plan, () => half)).toEqual([]);
});
