import { devWithJob, synthesizeEnvironment } from "../support/workload.ts";
import { endOf, podSelectorOf, podsOf, podsPathOf } from "./support/jobs.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { nodeOf } from "./support/nodes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

/** A Job whose pods all run, and the first pod of its worker 0. */
interface Started {
  readonly job: KubernetesObject;
  readonly first: KubernetesObject;
}

describeWithControlPlane("what the Job controller answers to the pods of a Job", {}, (plane) => {
  beforeAll(async () => {
    const { platform } = synthesizeEnvironment(devWithJob());
    // Room for all jobs: the controller waits ten seconds before it makes another pod, and they wait at the same time.
    for (const number of [1, 2, 3, 4]) await plane().api.create(nodeOf(platform, "executor", `executor-${number}`));
  });

  test.concurrent("exit code 42 fails the index at once, and with it the Job; the other workers finish", async () => {
    const started = await start("permanent", { "0": "0", "1": "42", "2": "0" }, { maxFailedIndexes: 1 });
    const ended = await end(started);
    expect(ended).toMatchObject({
      succeeded: 2,
      failed: 1,
      completedIndexes: "0,2",
      failedIndexes: "1",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "Failed", status: "True", reason: "FailedIndexes" }),
      ]),
    });
  });

  test.concurrent("one index more than may fail ends the others, and says so", async () => {
    const started = await start("hopeless", { "0": "42", "1": "42", "2": undefined }, { maxFailedIndexes: 1 });
    expect(await end(started)).toMatchObject({
      failedIndexes: "0,1",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "Failed", status: "True", reason: "MaxFailedIndexesExceeded" }),
      ]),
    });
  });

  test.concurrent.each(["1", "75", "137", "143"])("exit code %s starts the index again, and counts", async (code) => {
    const started = await start(`again-${code}`, { "0": code, "1": "0", "2": "0" });
    const second = await replacementOf(started);
    expect(second.metadata.annotations).toMatchObject({
      "batch.kubernetes.io/job-index-failure-count": "1",
    });
    await finish(second);
    expect(await end(started)).toMatchObject({ succeeded: 3, failed: 1, completedIndexes: "0-2" });
  });

  test.concurrent("an exit code that does not change fails the index after the attempts that it has", async () => {
    const started = await start("stubborn", { "*": "1" }, { workers: 1, backoffLimitPerIndex: 1, maxFailedIndexes: 1 });
    expect(await end(started)).toMatchObject({
      failed: 2,
      failedIndexes: "0",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "Failed", status: "True", reason: "FailedIndexes" }),
      ]),
    });
  });

  test.concurrent("an evicted worker is started again, and it does not count", async () => {
    const started = await start("evicted", { "0": undefined, "1": "0", "2": "0" }, { backoffLimitPerIndex: 0 });
    const { first } = started;
    await plane().api.until(first, (now) => now?.status.phase === "Running");
    await plane().api.evict(first);
    const second = await replacementOf(started);
    expect(second.metadata.annotations).toMatchObject({
      "batch.kubernetes.io/job-index-failure-count": "0",
      "batch.kubernetes.io/job-index-ignored-failure-count": "1",
    });
    await finish(second);
    expect(await end(started)).toMatchObject({ succeeded: 3, completedIndexes: "0-2" });
  });

  /**
   * Starts a job whose pods end with an exit code by their index, once, or always with that of `*`. A pod without one runs until it
   * is told.
   */
  async function start(
    name: string,
    codes: Readonly<Record<string, string | undefined>>,
    settings: Parameters<typeof devWithJob>[0] = {},
  ): Promise<Started> {
    const { workload } = synthesizeEnvironment(devWithJob({ name, workers: 3, ...settings }));
    const manifests = manifestsOf(workload, () => "reference");
    const job = manifests.find(({ kind }) => kind === "Job") as KubernetesObject;
    const always = codes["*"];
    if (always !== undefined) job.spec.template.metadata.annotations["kwok.test/exit-code"] = always;
    for (const object of manifests) await plane().api.ensure(object);
    await plane().api.until(job, (now) => now?.status?.active === job.spec.parallelism);
    const [first] = await podsOf(plane().api, job, "0");
    for (const [index, code] of Object.entries(codes)) {
      if (index === "*" || code === undefined) continue;
      const [pod] = await podsOf(plane().api, job, index);
      await finish(pod as KubernetesObject, code);
    }
    return { job, first: first as KubernetesObject };
  }

  /** Ends a running pod with an exit code. */
  async function finish(pod: KubernetesObject, code = "0"): Promise<void> {
    const annotations = { "kwok.test/exit-code": code };
    await plane().api.patch(pod, { metadata: { annotations } });
  }

  /** The pod that comes after the first of worker 0, as soon as there is one; the first may have gone by then. */
  async function replacementOf({ job, first }: Started): Promise<KubernetesObject> {
    const events = plane().api.watch(podsPathOf(job), podSelectorOf(job, "0"), AbortSignal.timeout(100_000));
    for await (const { object } of events) {
      if (object.metadata.uid !== first.metadata.uid) return object;
    }
    throw new Error("worker 0 got no second pod");
  }

  /** The status of a Job that has ended. */
  async function end({ job }: Started): Promise<KubernetesObject> {
    return (await plane().api.until(job, (now) => endOf(now) !== undefined))?.status;
  }
});
