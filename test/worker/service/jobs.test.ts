import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../../worker/src/contract/environment-variables.ts";
import type { ServiceFile } from "../../../worker/src/contract/service-file.ts";
import type { AuditEntry } from "../../../worker/src/service/audit.ts";
import { fillTemplate, jobNameOf } from "../../../worker/src/service/jobs.ts";
import type { Cluster, V1Job } from "../../../worker/src/service/kubernetes.ts";
import { ProblemError } from "../../../worker/src/service/problems.ts";
import { Submissions } from "../../../worker/src/service/submissions.ts";
import { MemoryQueue } from "../../support/memory-queue.ts";
import { testIdentity } from "../../support/stores.ts";
import { temporaryDirectory } from "../../support/sweep.ts";

const directory = temporaryDirectory();
const index = { name: "WORKER_ID", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['index']" } } };
const region = { name: "AWS_REGION", value: "us-west-2" };
const template = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { namespace: "sweep", labels: { "app.kubernetes.io/managed-by": "sweep-api" } },
  spec: {
    completionMode: "Indexed",
    ttlSecondsAfterFinished: 3600,
    template: {
      metadata: { labels: { "app.kubernetes.io/component": "worker" }, annotations: { a: "b" } },
      spec: {
        serviceAccountName: "service-jobs",
        containers: [{ name: "worker", image: "image", args: ["worker"], env: [index, region] }],
      },
    },
  },
};
const identity = testIdentity(1_000, 10, ["a", "b"]);
const url = "s3://bucket/runs/jobs/mine";
const sweep = { url, identity, settings: { maxFailures: 7 }, workers: 4, maxWorkers: 50 };

/** The environment variables of a Job's container, as its process has them. */
function variablesOf(job: V1Job): Record<string, string | undefined> {
  const env = job.spec?.template.spec?.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

describe("the Job of a sweep", () => {
  test("is the template with a name, labels, workers and settings, and nothing else", () => {
    const job = fillTemplate(template, sweep);
    const name = jobNameOf(url, identity);
    expect(name).toMatch(/^test-[0-9a-f]{10}$/);
    const own = { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": name };
    const variables = {
      TOTAL_WORKERS: "4",
      TOTAL_PARAMETERS: "1000",
      BATCH_SIZE: "10",
      PARTITION: "block-cyclic",
      SEED: "0",
      EVALUATION: "results:",
      EVALUATION_TIMEOUT_SECONDS: "60",
      STOP_GRACE_SECONDS: "20",
      MAX_FAILURES: "7",
      RESULTS_URL: url,
      S3_REQUEST_TIMEOUT_MS: "20000",
      SIMULATE_WORK_MS: "0",
      LOG_LEVEL: "info",
    };
    const { metadata, spec } = structuredClone(template);
    const [container] = spec.template.spec.containers;
    expect(job).toEqual({
      ...template,
      metadata: { ...metadata, name, labels: { ...metadata.labels, ...own } },
      spec: {
        ...spec,
        completions: 4,
        parallelism: 4,
        template: {
          metadata: { ...spec.template.metadata, labels: { ...spec.template.metadata.labels, ...own } },
          spec: {
            ...spec.template.spec,
            containers: [
              {
                ...container,
                env: [index, region, ...Object.entries(variables).map(([key, value]) => ({ name: key, value }))],
              },
            ],
          },
        },
      },
    });
  });

  test("has settings that a worker reads back", () => {
    const settings = { evaluationTimeoutSeconds: 0.5, evaluationConcurrency: 3, simulateWorkMs: 2 };
    const variables = variablesOf(fillTemplate(template, { ...sweep, settings }));
    expect(readSettings({ ...variables, WORKER_ID: "2" })).toMatchObject({
      ...settings,
      workerId: 2,
      totalWorkers: 4,
      totalParameters: 1_000,
      batchSize: 10,
      evaluation: "results:",
      resultsUrl: url,
    });
  });

  test("starts a command with the columns of the run, and takes no bundle", () => {
    const settings = { evaluationCommand: "python3 evaluate.py --x 'a b'", resultColumns: ["a", "b"] };
    const variables = variablesOf(fillTemplate(template, { ...sweep, settings }));
    expect(variables).toMatchObject({ EVALUATION_COMMAND: settings.evaluationCommand, RESULT_COLUMNS: "a,b" });
    expect(variables).not.toHaveProperty("EVALUATION");
  });

  test.each([
    [undefined, 50, 1_000, 3],
    [undefined, 2, 1_000, 2],
    [40, 50, 5, 5],
    [40, 50, 1_000, 40],
  ])("has for %p workers of at most %d and %d parameters %d", (workers, maxWorkers, totalParameters, expected) => {
    const filled = fillTemplate(template, {
      ...sweep,
      workers,
      maxWorkers,
      identity: { ...identity, totalParameters },
    });
    expect(filled.spec?.completions).toBe(expected);
  });

  test.each([
    ["My.Evaluation_2", /^my-evaluation-2-[0-9a-f]{10}$/],
    ["2-fast", /^fast-[0-9a-f]{10}$/],
    ["___", /^sweep-[0-9a-f]{10}$/],
    ["a".repeat(90), /^a{40}-[0-9a-f]{10}$/],
    ["collatz", /^collatz-[0-9a-f]{10}$/],
  ])("of %s has a name that pods can have, too", (evaluation, expected) => {
    expect(jobNameOf(url, { evaluation })).toMatch(expected);
  });

  test("has another name for another place", () => {
    expect(jobNameOf(`${url}-2`, identity)).not.toBe(jobNameOf(url, identity));
  });
});

/** Jobs as a cluster keeps them. */
class TestCluster implements Cluster {
  readonly jobs = new Map<string, V1Job>();
  readonly events: string[] = [];
  refusal: ProblemError | undefined;

  async createJob(job: V1Job): Promise<boolean> {
    const name = job.metadata?.name as string;
    this.events.push(`create ${name}`);
    if (this.refusal !== undefined) throw this.refusal;
    if (this.jobs.has(name)) return false;
    this.jobs.set(name, job);
    return true;
  }
  async readJob(name: string): Promise<V1Job | undefined> {
    return this.jobs.get(name);
  }
  async deleteJob(name: string, uid?: string): Promise<void> {
    this.events.push(`delete ${name}`);
    if (uid === undefined || uid === this.jobs.get(name)?.metadata?.uid) this.jobs.delete(name);
  }
  async listPods(): Promise<never> {
    throw new Error("no pods are listed");
  }
  async listPodEvents(): Promise<never> {
    throw new Error("no events are listed");
  }
}

describe("a submission to a Job", () => {
  const file: ServiceFile = {
    environment: "dev",
    namespace: "sweep",
    sizes: [{ size: "large", hourlyUsd: null, job: { max: 50, slotsPerMachine: 12, template } }],
    queueFolder: "queue",
    jobFolder: "jobs",
    allowCommands: false,
    submissionsPerMinute: 100,
  };
  const request = { evaluation: { name: "collatz" }, total: 1_000, batchSize: 10, size: "large", mode: "job" } as const;
  let roots = 0;

  function service(cluster: Cluster | undefined = new TestCluster()) {
    const root = join(directory, `root-${roots++}`);
    const audit: AuditEntry[] = [];
    const submissions = new Submissions({
      resultsRoot: root,
      file,
      storeOptions: {},
      openQueue: async () => new MemoryQueue(),
      connect: async () => cluster,
      audit: (entry) => audit.push(entry),
    });
    const content = (name: string, of: string) => JSON.parse(readFileSync(join(root, ...name.split(":"), of), "utf8"));
    return { root, submissions, content, audit, cluster: cluster as TestCluster };
  }

  test("creates it when everything is in the bucket, and once", async () => {
    const { root, submissions, content, cluster, audit } = service();
    const submitted = await submissions.submit(request, "ann");
    const { name } = submitted;
    expect(submitted).toEqual({ name: expect.stringMatching(/^jobs:collatz-[0-9a-f]{8}$/), isNew: true, messages: 0 });
    const [job] = [...cluster.jobs.values()];
    expect(variablesOf(job as V1Job)).toMatchObject({
      RESULTS_URL: `file:${root}/${name.replace(":", "/")}`,
      TOTAL_WORKERS: "3",
      EVALUATION: "results:",
    });
    expect(content(name, "run.json")).toMatchObject({ evaluation: "collatz", columns: ["steps"] });
    expect(content(name, "submission.json")).toMatchObject({ submittedBy: "ann", size: "large", mode: "job" });
    expect(content(name, "sweep.json").settings).toEqual({});
    expect(await submissions.submit({ ...request, executors: 9 }, "bob")).toEqual({ name, isNew: false, messages: 0 });
    expect(cluster.events).toHaveLength(1);
    expect(audit.map(({ outcome }) => outcome)).toEqual(["created a Job of 3 workers", "is under way already"]);
  });

  test("creates another one in the place of one that has ended, or was cancelled", async () => {
    const { submissions, content, cluster } = service();
    const { name } = await submissions.submit(request, null);
    const [job] = [...cluster.jobs.values()] as [V1Job];
    const jobName = job.metadata?.name as string;
    job.status = { conditions: [{ type: "Failed", status: "True" }] };
    await submissions.resume(name, 5, null);
    expect(cluster.events).toEqual([
      `create ${jobName}`,
      `create ${jobName}`,
      `delete ${jobName}`,
      `create ${jobName}`,
    ]);
    expect(cluster.jobs.get(jobName)?.spec?.completions).toBe(5);
    await submissions.cancel(name, "enough", null);
    expect(cluster.jobs.size).toBe(0);
    expect(content(name, "sweep.json").stop).toMatchObject({ kind: "cancelled", reason: "enough" });
    await submissions.submit(request, null);
    expect(cluster.jobs.size).toBe(1);
    expect(content(name, "sweep.json")).not.toHaveProperty("stop");
  });

  test("has no Job after it was cancelled again, whoever has created one meanwhile", async () => {
    const { submissions, content, cluster } = service();
    const { name } = await submissions.submit(request, null);
    const [job] = [...cluster.jobs.values()] as [V1Job];
    await submissions.cancel(name, "enough", null);
    // Another replica took a submission at the same time.
    await cluster.createJob(job);
    await submissions.cancel(name, "again", null);
    expect(cluster.jobs.size).toBe(0);
    expect(content(name, "sweep.json").stop.reason).toBe("enough");
  });

  test("leaves a Job alone that another replica has created in the place of one that has ended", async () => {
    const { submissions, cluster } = service();
    const { name } = await submissions.submit(request, null);
    const [[jobName, job]] = [...cluster.jobs] as [[string, V1Job]];
    const former = {
      metadata: { name: jobName, uid: "1" },
      status: { conditions: [{ type: "Failed", status: "True" }] },
    };
    const next = { ...job, metadata: { ...job.metadata, uid: "2" } };
    cluster.jobs.set(jobName, former);
    jest.spyOn(cluster, "readJob").mockImplementationOnce(async () => {
      cluster.jobs.set(jobName, next);
      return former;
    });
    await submissions.resume(name, undefined, null);
    expect(cluster.jobs.get(jobName)).toBe(next);
  });

  test("waits for one that is being deleted, and does not delete it again", async () => {
    const { submissions, cluster } = service();
    const { name } = await submissions.submit(request, null);
    const [job] = [...cluster.jobs.values()] as [V1Job];
    job.metadata = { ...job.metadata, deletionTimestamp: new Date() };
    const readJob = cluster.readJob.bind(cluster);
    cluster.readJob = async (jobName) => {
      const found = await readJob(jobName);
      // The last pod has ended.
      if (cluster.events.length > 1) cluster.jobs.delete(jobName);
      return found;
    };
    await submissions.resume(name, undefined, null);
    expect(cluster.events.map((event) => event.split(" ")[0])).toEqual(["create", "create", "create"]);
  });

  test("says in the words of the cluster why it is refused, and is repeated", async () => {
    const { submissions, cluster } = service();
    cluster.refusal = new ProblemError(403, "the cluster refuses to create a Job: exceeded quota");
    await expect(submissions.submit(request, null)).rejects.toThrow("exceeded quota");
    cluster.refusal = undefined;
    expect(await submissions.submit(request, null)).toMatchObject({ isNew: false });
    expect(cluster.jobs.size).toBe(1);
  });

  test("needs a cluster", async () => {
    const { submissions } = service();
    const none = new Submissions({
      resultsRoot: join(directory, "none"),
      file,
      storeOptions: {},
      connect: async () => undefined,
    });
    await expect(none.submit(request, null)).rejects.toMatchObject({
      status: 409,
      detail: "this server runs in no cluster, and reaches no Jobs",
    });
    expect(await submissions.submit(request, null)).toMatchObject({ isNew: true });
  });
});
