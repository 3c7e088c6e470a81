import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { type ImitatedQueue, ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { readReceipt, sweep, temporaryDirectory } from "../support/sweep.ts";
import { synthesizeEnvironment } from "../support/workload.ts";
import { ExecutorsOnCluster } from "./support/executors-on-cluster.ts";
import type { Gate } from "./support/gate.ts";
import { imitateS3 } from "./support/imitated-s3.ts";
import { JobOnCluster, type JobOptions } from "./support/job-on-cluster.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { startPodIdentityAgent } from "./support/pod-identity.ts";
import { objectsOf, type Surroundings } from "./support/pods-on-cluster.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";
import { buildWorkerImage } from "./support/worker-image.ts";

/*
 * The Deployments of executors of the synthesized workload stack, whose pods are the real executor as processes, under the real
 * controllers. Nobody but the test changes their number, by the request that KEDA makes. Queues are moto's.
 */
const folder = temporaryDirectory();
const watched = resolve(__dirname, "support/watched.mts");

const totalParameters = 60_000;
const batchSize = 1_000;
/** Every block has a parameter in its middle at which the evaluation asks. */
const middles = Array.from({ length: totalParameters / batchSize }, (_, block) => block * batchSize + batchSize / 2);
const executors = 3;
const slots = 2;

/** The dev environment with executors, and a job on a pool of its own. */
function environmentWith({ namespace, sliceSeconds = 30 }: { namespace: string; sliceSeconds?: number }): Environment {
  const { general, executor, "executor-large": large } = dev.nodePools;
  if (!general || !executor || !large) throw new Error("dev has these pools");
  return {
    ...dev,
    nodePools: { general, job: executor, "executor-large": large },
    workload: {
      namespace,
      image: "registry.example.com/ttg-worker:1",
      jobs: [
        {
          name: "job",
          nodePool: "job",
          workers: 3,
          evaluation: "watched",
          totalParameters,
          batchSize,
          secretName: "job-secret",
          evaluationTimeoutSeconds: 600,
          s3RequestTimeoutMs: 120_000,
        },
      ],
      executors: [{ size: "large", max: 6, sliceSeconds }],
    },
  };
}

describeWithControlPlane("executors in the pods of a Deployment", { kwok: false, missing: missingForSqs }, (plane) => {
  const started: { stop(): unknown }[] = [];
  let here: Surroundings;
  let sqs: ImitatedSqs;
  // biome-ignore lint/suspicious/noExplicitAny: parts of a receipt are compared.
  let laptop: any;

  beforeAll(async () => {
    const s3 = await imitateS3();
    sqs = await ImitatedSqs.start();
    const agent = await startPodIdentityAgent(folder);
    started.push(s3, sqs, agent);
    const image = await buildWorkerImage(resolve(folder, "image"), [watched]);
    here = { plane: plane(), s3: s3.url, credentials: agent.environment, image, folder };
    // The test looks into the bucket.
    Object.assign(process.env, sqsEnvironment, { AWS_ENDPOINT_URL_S3: s3.url });
    const results = resolve(folder, "laptop");
    const size = ["--total", String(totalParameters), "--batch-size", String(batchSize)];
    const { code, stderr } = await sweep(["run", watched, ...size, "--results", results]);
    if (code !== 0) throw new Error(stderr);
    laptop = readReceipt(results);
  });
  afterAll(() => Promise.all(started.map((one) => one.stop())));

  let namespaces = 0;
  let [queue, on] = [] as unknown as [ImitatedQueue, ExecutorsOnCluster];
  let stacks = {} as JobOptions["stacks"];
  let [namespace, run] = ["", ""];
  // Every test has an environment with a queue and a node of its own.
  beforeEach(async () => {
    namespaces++;
    namespace = `executors-${namespaces}`;
    run = `run-${namespaces}`;
    stacks = synthesizeEnvironment(environmentWith({ namespace }));
    const types = ["namespace", "service_account", "network_policy"].map((type) => `kubernetes_${type}_v1`);
    for (const object of objectsOf(stacks.workload, types)) await plane().api.create(object);
    queue = await sqs.createQueue(namespace);
    const environment = { AWS_REGION: sqsEnvironment.AWS_REGION };
    const options = { stacks, size: "large", pool: "executor-large", queueUrl: queue.url, askAt: middles, environment };
    on = await ExecutorsOnCluster.prepare({ ...here, folder: resolve(folder, namespace) }, options);
  });
  afterEach(() => on.leave());

  /** Gives a run to the queue, and waits until every slot of three executors waits in the second block of a message. */
  async function holdInTheMiddle(): Promise<void> {
    on.gate.rule = inTheSecondBlock();
    const size = ["--total", String(totalParameters), "--batch-size", String(batchSize)];
    await on.submit(run, [watched, ...size, "--executors", String(executors)]);
    await on.scale(executors);
    await on.gate.holds(executors * slots);
  }

  /** Waits for the receipt, and compares the results with the laptop's. Nothing of the run is left in the queues. */
  async function expectComplete({ hasDeaths = false } = {}): Promise<void> {
    await on.untilReceipt(run);
    const { stdout, receipt } = await on.verify(run);
    expect(stdout).toContain("parameters, each exactly once");
    expectSame(receipt);
    while ((await sqs.count(queue.url)) > 0) await sleep(100);
    expect(await sqs.count(queue.deadLetterUrl)).toBe(0);
    expect(on.allLogs.includes("an executor had this range, and did not give it back")).toBe(hasDeaths);
  }

  // biome-ignore lint/suspicious/noExplicitAny: parts of a receipt are compared.
  function expectSame(receipt: any): void {
    const { evaluationSha256, columns, presentBitsSha256, present, failed } = laptop;
    expect(receipt).toMatchObject({ evaluationSha256, columns, presentBitsSha256, present, failed });
  }

  /** So many pods are gone. All of them have given back what they had, and ended within their grace. */
  function expectHandedBack(count: number): void {
    expect(on.endings).toEqual(new Array(count).fill({ phase: "Succeeded", exitCode: 0, restarts: 0 }));
  }

  test("start from zero, end in the middle of a run as their number falls, and leave nothing undone; a Job runs beside them", async () => {
    expect((await on.apply()).spec.replicas).toBe(0);
    await on.untilReady(0);
    expect(on.pods.size).toBe(0);

    const job = await JobOnCluster.prepare(here, { stacks, name: "job" });
    started.push(job);
    job.gate.rule = inTheSecondBlock();
    await job.createSecret(middles);
    await Promise.all([job.create(), holdInTheMiddle()]);
    await job.gate.holds(3);
    await on.untilReady(executors);

    await on.terminated(executors - 1, () => on.scale(1));
    on.gate.release();
    job.gate.release();
    await on.untilReady(1);
    expectHandedBack(executors - 1);
    await expectComplete();
    const { ended, completedIndexes } = await job.untilEnded();
    expect({ type: ended.type, completedIndexes }).toEqual({ type: "Complete", completedIndexes: "0-2" });
    expectSame((await job.verify()).receipt);
    expect(job.evaluations()).toEqual(new Array(totalParameters).fill(1));

    await on.scale(0);
    await on.untilReady(0);
    expectHandedBack(executors);
    expect(on.evaluations(totalParameters)).toEqual(new Array(totalParameters).fill(1));
  });

  test("are replaced in the middle of a run by an update, and a deploy does not change their number", async () => {
    await on.apply();
    await holdInTheMiddle();
    const before = await on.untilReady(executors);

    const again = await on.apply();
    expect(again.metadata.generation).toBe(before.metadata.generation);
    expect(again.spec.replicas).toBe(executors);

    on.use(synthesizeEnvironment(environmentWith({ namespace, sliceSeconds: 20 })).workload);
    await on.terminated(executors, () => on.apply());
    on.gate.release();
    await on.untilReady(executors);
    expectHandedBack(executors);
    await expectComplete();
    expect(on.pods.size).toBe(2 * executors);
    expect(on.evaluations(totalParameters)).toEqual(new Array(totalParameters).fill(1));
    await on.scale(0);
    await on.untilReady(0);
    expectHandedBack(2 * executors);
  });

  test("end within their grace while an evaluation does not end, and others do their work", async () => {
    await on.apply();
    await holdInTheMiddle();
    await on.scale(0);
    await on.untilReady(0);
    expectHandedBack(executors);
    on.gate.release();
    await on.scale(1);
    await expectComplete();
    await on.scale(0);
    await on.untilReady(0);
    expectHandedBack(executors + 1);
  });

  test("are started again in their pods when they are killed, and their messages come again", async () => {
    await on.apply();
    await holdInTheMiddle();
    const [killed] = await on.untilPods((pods) => pods.length === executors);
    on.kubelets[0]?.killContainerOf(killed ?? {});
    on.gate.release();
    const containerOf = (pods: readonly KubernetesObject[]) =>
      pods.find(({ metadata }) => metadata.name === killed?.metadata.name)?.status.containerStatuses[0];
    const pods = await on.untilPods((now) => containerOf(now)?.restartCount === 1);
    expect(containerOf(pods).lastState.terminated.exitCode).toBe(137);
    await expectComplete({ hasDeaths: true });
    await on.scale(0);
    await on.untilReady(0);
    expect(on.endings.map(({ exitCode, restarts }) => [exitCode, restarts]).sort()).toEqual([
      [0, 0],
      [0, 0],
      [0, 1],
    ]);
  });

  test("end with 42 for their own configuration, and Kubernetes starts them again", async () => {
    on.use(stacks.workload, `${queue.url}-that-is-not-there`);
    await on.apply();
    await on.scale(1);
    const restarts = ({ status }: KubernetesObject) => status.containerStatuses?.[0]?.restartCount ?? 0;
    const [pod] = await on.untilPods((pods) => pods.some((one) => restarts(one) === 2));
    expect(pod?.status.containerStatuses[0].lastState.terminated).toMatchObject({ exitCode: 42, reason: "Error" });
    expect(on.allLogs).toContain("The specified queue does not exist");
    await on.scale(0);
    await on.untilReady(0);
  });
});

/** The rule of a gate that lets each evaluation through its first block, and no further. */
function inTheSecondBlock(): Gate["rule"] {
  const passed = new Set<number>();
  return (worker, question) => {
    if (question === "load") return "go on";
    if (passed.has(worker)) return undefined;
    passed.add(worker);
    return "go on";
  };
}
