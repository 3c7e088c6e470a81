import { join, resolve } from "node:path";
import { dev } from "../../environments.ts";
import type { Environment, Job } from "../../stacks/configuration/schema.ts";
import { readReceipt, sweep, temporaryDirectory } from "../support/sweep.ts";
import { devWithJob, synthesizeEnvironment } from "../support/workload.ts";
import { Gate } from "./support/gate.ts";
import { imitateS3 } from "./support/imitated-s3.ts";
import { endingOf, JobOnCluster, type JobOptions, workerOf } from "./support/job-on-cluster.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { startPodIdentityAgent } from "./support/pod-identity.ts";
import { objectsOf, type Surroundings } from "./support/pods-on-cluster.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";
import { buildWorkerImage } from "./support/worker-image.ts";

/*
 * The Jobs of the synthesized workload stack, whose pods are the real worker as processes, under the real Job controller, scheduler and
 * pod garbage collector. Every job has nodes of its own, so that all of them run, and wait, at the same time.
 */
const folder = temporaryDirectory();
const watched = resolve(__dirname, "support/watched.mts");
const collatz = resolve(__dirname, "../../worker/evaluations/collatz.ts");

const workers = 3;
const totalParameters = 60_000;
const batchSize = 5_000;
/** One parameter in each of three neighbouring blocks: every worker has one of them, in the middle of its share. */
const middles = [32_500, 37_500, 42_500];
/** The job with a parameter that needs too much memory has small blocks, since it searches for that parameter among theirs. */
const smallRun = { totalParameters: 1_200, batchSize: 100, greedy: 650 };

const names = ["broken", "offline", "deleted", "stuck", "greedy", "drained", "lost", "paused", "secretless"] as const;
type Name = (typeof names)[number];

/** The dev environment with a job for each test, on a pool of its own. */
function environmentWith(changes: Partial<Record<Name, Partial<Job>>> = {}): Environment {
  const { general, executor } = dev.nodePools;
  if (general === undefined || executor === undefined) throw new Error("dev has these pools");
  const jobs = names.map((name): Job => {
    const { greedy, ...small } = smallRun;
    const size = name === "greedy" ? small : { totalParameters, batchSize };
    const common = { workers, evaluation: "watched", secretName: `${name}-secret` };
    // On a busy machine evaluations wait long at the gate, and all workers at moto, which serves one request at a time.
    const patience = { evaluationTimeoutSeconds: 600, s3RequestTimeoutMs: 120_000 };
    return { name, nodePool: name, ...common, ...patience, ...size, ...changes[name] };
  });
  const nodePools = { general, ...Object.fromEntries(names.map((name) => [name, executor])) };
  // An image from elsewhere: this repository has no evaluation "watched".
  const image = "registry.example.com/ttg-worker:1";
  return { ...dev, nodePools, workload: { namespace: "sweep", image, jobs } };
}

/** The receipt of the same run on a laptop. */
async function onLaptop(evaluation: string, size: { totalParameters: number; batchSize: number }, env = {}) {
  const results = join(folder, `laptop-${size.totalParameters}`);
  const args = ["--total", String(size.totalParameters), "--batch-size", String(size.batchSize), "--results", results];
  const { code, stderr } = await sweep(["run", evaluation, ...args], { env });
  if (code !== 0) throw new Error(stderr);
  return readReceipt(results);
}

describeWithControlPlane("the real worker in the pods of a Job", { kwok: false }, (plane) => {
  let here: Surroundings;
  let stacks: JobOptions["stacks"];
  // biome-ignore lint/suspicious/noExplicitAny: parts of a receipt are compared.
  let laptop: any;
  const started: { stop(): unknown }[] = [];

  beforeAll(async () => {
    const s3 = await imitateS3();
    started.push(s3);
    const agent = await startPodIdentityAgent(folder);
    started.push(agent);
    const image = await buildWorkerImage(join(folder, "image"), [watched, collatz]);
    here = { plane: plane(), s3: s3.url, credentials: agent.environment, image, folder };
    stacks = synthesizeEnvironment(environmentWith());
    await createSurroundings(stacks);
    laptop = await onLaptop(watched, { totalParameters, batchSize });
  });
  afterAll(() => Promise.all(started.map((one) => one.stop())));

  /** What the pods of a stack's jobs need: the namespace, its service accounts and its network policies. */
  async function createSurroundings({ workload }: JobOptions["stacks"]): Promise<void> {
    const types = ["namespace", "service_account", "network_policy"].map((type) => `kubernetes_${type}_v1`);
    // The two environments share a namespace.
    for (const object of objectsOf(workload, types)) await plane().api.ensure(object);
  }

  async function prepare(options: Partial<JobOptions> & { readonly name: string }): Promise<JobOnCluster> {
    const prepared = await JobOnCluster.prepare(here, { stacks, ...options });
    started.push(prepared);
    return prepared;
  }

  /** A job whose workers all wait in the middle of their shares. */
  async function heldInTheMiddle(name: Name, nodes = 1): Promise<JobOnCluster> {
    const job = await prepare({ name, nodes });
    job.gate.rule = (_, question) => (question === "load" ? "go on" : undefined);
    await job.createSecret(middles);
    await job.create();
    await job.gate.holds(workers);
    return job;
  }

  /** Waits for the end, and compares the results with the laptop's. */
  async function expectComplete(job: JobOnCluster, receipt = laptop): Promise<void> {
    const { ended, completedIndexes } = await job.untilEnded();
    expect({ type: ended.type, completedIndexes }).toEqual({ type: "Complete", completedIndexes: "0-2" });
    const { stdout, receipt: own } = await job.verify();
    expect(stdout).toContain("parameters, each exactly once");
    const { evaluationSha256, columns, presentBitsSha256, present, failed } = receipt;
    expect(own).toMatchObject({ evaluationSha256, columns, presentBitsSha256, present, failed });
  }

  const everyParameterOnce = new Array(totalParameters).fill(1);
  const ofWorker = (pods: readonly KubernetesObject[], worker: number) =>
    pods.filter((pod) => workerOf(pod) === worker);
  const oneOf = (pods: readonly KubernetesObject[]) => {
    const [pod] = pods;
    if (pod === undefined) throw new Error("there is no such pod");
    return pod;
  };

  test.concurrent("a healthy run of dev's job ends with the receipt of a laptop", async () => {
    const name = "ttg-computation";
    const dev = synthesizeEnvironment(devWithJob({ totalParameters: 300_000 }));
    await createSurroundings(dev);
    const job = await prepare({ name, pool: "executor", stacks: dev });
    await job.create();
    await expectComplete(job, await onLaptop(collatz, { totalParameters: 300_000, batchSize: 10_000 }));
    expect(job.endings).toEqual(
      [0, 1, 2].map((worker) => ({ worker, phase: "Succeeded", exitCode: 0, reason: "Completed" })),
    );
    for (const pod of job.pods.values())
      expect(job.logOf(pod)).toContain(`[WORKER ${workerOf(pod)}] Processed: 100,000 parameters`);
  });

  test.concurrent("42 fails the worker's index at once and then the Job; another Job goes on with the same run", async () => {
    const job = await prepare({ name: "broken" });
    job.gate.rule = (worker) => (worker === 1 ? "throw" : "go on");
    await job.createSecret(middles);
    await job.create();
    const { ended, completedIndexes, failedIndexes } = await job.untilEnded();
    expect({ type: ended.type, reason: ended.reason, completedIndexes, failedIndexes }).toEqual({
      type: "Failed",
      reason: "FailedIndexes",
      completedIndexes: "0,2",
      failedIndexes: "1",
    });
    // A single pod of worker 1, which was not tried again.
    expect(job.endings.map(({ worker, exitCode }) => [worker, exitCode])).toEqual([
      [0, 0],
      [1, 42],
      [2, 0],
    ]);
    const [broken] = ofWorker([...job.pods.values()], 1);
    expect(oneOf([broken ?? {}]).status.containerStatuses[0].state.terminated.message).toContain("as the test asked");

    await job.delete();
    const [jobName, resultsUrl] = [job.job.metadata.name, job.resultsUrl];
    job.use(synthesizeEnvironment(environmentWith({ broken: { memoryLimitMiB: 300 } })).workload);
    expect(job.job.metadata.name).not.toBe(jobName);
    expect(job.resultsUrl).toBe(resultsUrl);
    job.gate.release();
    await job.create();
    await expectComplete(job);
    expect(job.evaluations()).toEqual(everyParameterOnce);
  });

  test.concurrent("75 starts a worker again, which goes on where it stopped", async () => {
    const job = await heldInTheMiddle("offline");
    job.door.close();
    job.gate.release();
    const failed = await job.untilPods((pods) => pods.filter((pod) => endingOf(pod).exitCode === 75).length === 3);
    for (const { status } of failed)
      expect(status.containerStatuses[0].state.terminated.message).toContain(
        "cannot write to s3://bucket/runs/offline",
      );
    await job.door.open();
    await expectComplete(job);
    expect(new Set(job.endings.map(({ exitCode }) => exitCode))).toEqual(new Set([75, 0]));
  });

  test.concurrent("a deleted pod hands over within its grace, and nothing is computed twice", async () => {
    const job = await heldInTheMiddle("deleted");
    const pod = oneOf(ofWorker([...job.pods.values()], 1));
    await job.releaseAfterSigterm([pod], () => plane().api.delete(pod));
    await expectComplete(job);
    expect(job.endings).toContainEqual({ worker: 1, phase: "Failed", exitCode: 143, reason: "Error" });
    expect(job.logOf(pod)).toContain("everything finished is committed");
    expect(job.evaluations()).toEqual(everyParameterOnce);
  });

  test.concurrent("a worker that cannot end within its grace is killed (137) and started again", async () => {
    const job = await prepare({ name: "stuck" });
    job.gate.rule = (_, question) => (question === "load" ? "go on" : question === "37500" ? "loop" : undefined);
    await job.createSecret(middles);
    await job.create();
    await job.gate.holds(workers - 1);
    // The first two blocks of each worker.
    while ((await job.present()) < 30_000);
    const waiting = [0, 1, 2].filter((worker) => !job.gate.isHolding(worker));
    const pod = oneOf(ofWorker([...job.pods.values()], waiting[0] ?? -1));
    await job.releaseAfterSigterm([pod], () => plane().api.delete(pod, { gracePeriodSeconds: 2 }));
    await expectComplete(job);
    expect(job.endings).toContainEqual({ worker: waiting[0], phase: "Failed", exitCode: 137, reason: "Error" });
  });

  test.concurrent("a parameter that takes all memory is found and left out, within the limit of restarts", async () => {
    const job = await prepare({ name: "greedy" });
    job.gate.rule = (_, question) => (question === "load" ? "go on" : "memory");
    await job.createSecret([smallRun.greedy]);
    await job.create();
    // A laptop on which only this parameter fails.
    const gate = await Gate.open();
    started.push({ stop: () => gate.close() });
    gate.rule = (_, question) => (question === "load" ? "go on" : "throw");
    const receipt = await onLaptop(watched, smallRun, { ASK_URL: gate.url, ASK_AT: String(smallRun.greedy) });
    await expectComplete(job, receipt);
    const killed = job.endings.filter(({ phase }) => phase === "Failed");
    // The first attempt, one for its block, and two in which it is alone in work.
    expect(killed.map(({ exitCode, reason }) => [exitCode, reason])).toEqual(new Array(4).fill([137, "OOMKilled"]));
    const { receipt: own } = await job.verify();
    expect(own.failures).toEqual([expect.objectContaining({ parameter: smallRun.greedy, kind: "killed" })]);
  });

  test.concurrent("a drain in the middle is no failure, and nothing is computed twice", async () => {
    const job = await heldInTheMiddle("drained", 2);
    const { api } = plane();
    const [node] = job.kubelets;
    await api.patch(
      { apiVersion: "v1", kind: "Node", metadata: { name: node?.name } },
      { spec: { unschedulable: true } },
    );
    const evicted = [...job.pods.values()].filter(({ spec }) => spec.nodeName === node?.name);
    await job.releaseAfterSigterm(evicted, () => Promise.all(evicted.map((pod) => api.evict(pod))));
    await expectComplete(job);
    expect(evicted.length).toBeGreaterThan(0);
    expect(job.endings.filter(({ phase }) => phase === "Failed")).toEqual(
      evicted
        .map(workerOf)
        .sort()
        .map((worker) => ({
          worker,
          phase: "Failed",
          exitCode: 143,
          reason: "Error",
          disruption: "EvictionByEvictionAPI",
        })),
    );
    expect((await job.untilEnded()).failed).toBeUndefined();
    expect(job.evaluations()).toEqual(everyParameterOnce);
  });

  test.concurrent("a machine that is taken away without a word is no failure", async () => {
    const job = await heldInTheMiddle("lost", 2);
    while ((await job.present()) < 30_000);
    const [machine] = job.kubelets;
    const gone = [...job.pods.values()].filter(({ spec }) => spec.nodeName === machine?.name);
    await machine?.lose();
    job.gate.release();
    await expectComplete(job);
    expect(gone.length).toBeGreaterThan(0);
    expect(
      job.endings.filter(({ phase }) => phase === "Failed").map(({ worker, disruption }) => [worker, disruption]),
    ).toEqual(
      gone
        .map(workerOf)
        .sort()
        .map((worker) => [worker, "DeletionByPodGC"]),
    );
    expect((await job.untilEnded()).failed).toBeUndefined();
  });

  test.concurrent("parallelism 0 pauses a Job, and 3 goes on without computing anything twice", async () => {
    const job = await heldInTheMiddle("paused");
    const { api } = plane();
    await job.releaseAfterSigterm([...job.pods.values()], () => api.patch(job.job, { spec: { parallelism: 0 } }));
    await api.until(job.job, (now) => (now?.status.active ?? 0) === 0 && (now?.status.terminating ?? 0) === 0);
    const present = await job.present();
    expect(present).toBeGreaterThanOrEqual(30_000);
    expect(present).toBeLessThan(totalParameters);
    await api.patch(job.job, { spec: { parallelism: workers } });
    await expectComplete(job);
    expect(job.evaluations()).toEqual(everyParameterOnce);
  });

  test.concurrent("pods whose Secret is missing wait; one that is deleted meanwhile is replaced, and the Job then completes", async () => {
    const job = await prepare({ name: "secretless" });
    await job.create();
    const waiting = (pod: KubernetesObject) =>
      pod.status.containerStatuses?.[0]?.state.waiting?.reason === "CreateContainerConfigError";
    const pods = await job.untilPods((all) => all.filter(waiting).length === workers);
    await plane().api.delete(oneOf(ofWorker(pods, 1)));
    await job.untilPods((all) => ofWorker(all, 1).filter(waiting).length === 1 && ofWorker(all, 1).length === 2);
    await job.createSecret([]);
    await expectComplete(job);
    expect(job.endings).toContainEqual({ worker: 1, phase: "Failed", exitCode: 137, reason: "ContainerStatusUnknown" });
  });
});
