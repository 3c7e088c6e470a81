import { devWithJob, synthesizeEnvironment } from "../support/workload.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { nodeOf } from "./support/nodes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const podsPath = "/api/v1/namespaces/sweep/pods";

describeWithControlPlane("what the Job controller answers to the pods of a Job", {}, (plane) => {
  beforeAll(async () => {
    const { platform } = synthesizeEnvironment(devWithJob());
    await plane().api.create(nodeOf(platform, "executor", "executor-1"));
  });

  test("exit code 42 fails the index at once, and with it the Job; the other workers finish", async () => {
    const job = await start("permanent", { "0": "0", "1": "42", "2": "0" }, { maxFailedIndexes: 1 });
    const ended = await end(job);
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

  test("one index more than may fail ends the others, and says so", async () => {
    const job = await start("hopeless", { "0": "42", "1": "42", "2": undefined }, { maxFailedIndexes: 1 });
    expect(await end(job)).toMatchObject({
      failedIndexes: "0,1",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "Failed", status: "True", reason: "MaxFailedIndexesExceeded" }),
      ]),
    });
  });

  test.each(["1", "75", "137", "143"])("exit code %s starts the index again, and counts", async (code) => {
    const job = await start(`again-${code}`, { "0": code, "1": "0", "2": "0" });
    const second = await replacementOf(job, "0");
    expect(second.metadata.annotations).toMatchObject({
      "batch.kubernetes.io/job-index-failure-count": "1",
    });
    await finish(second);
    expect(await end(job)).toMatchObject({ succeeded: 3, failed: 1, completedIndexes: "0-2" });
  });

  test("an exit code that does not change fails the index after the attempts that it has", async () => {
    const job = await start("stubborn", { "*": "1" }, { workers: 1, backoffLimitPerIndex: 1, maxFailedIndexes: 1 });
    expect(await end(job)).toMatchObject({
      failed: 2,
      failedIndexes: "0",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "Failed", status: "True", reason: "FailedIndexes" }),
      ]),
    });
  });

  test("an evicted worker is started again, and it does not count", async () => {
    const job = await start("evicted", { "0": undefined, "1": "0", "2": "0" }, { backoffLimitPerIndex: 0 });
    const [first] = await podsOf(job, "0");
    const running = { ...first, apiVersion: "v1", kind: "Pod" } as KubernetesObject;
    await plane().api.until(running, (now) => now?.status.phase === "Running");
    const { name, namespace } = running.metadata;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    await plane().api.json("POST", `${podsPath}/${name}/eviction`, eviction);
    const second = await replacementOf(job, "0");
    expect(second.metadata.annotations).toMatchObject({
      "batch.kubernetes.io/job-index-failure-count": "0",
      "batch.kubernetes.io/job-index-ignored-failure-count": "1",
    });
    await finish(second);
    expect(await end(job)).toMatchObject({ succeeded: 3, completedIndexes: "0-2" });
  });

  /**
   * Starts a job whose pods end with an exit code by their index, once, or always with that of `*`. A pod without one runs until it
   * is told.
   */
  async function start(
    name: string,
    codes: Readonly<Record<string, string | undefined>>,
    settings: Parameters<typeof devWithJob>[0] = {},
  ): Promise<KubernetesObject> {
    const { workload } = synthesizeEnvironment(devWithJob({ name, workers: 3, ...settings }));
    const manifests = manifestsOf(workload, () => "reference");
    const job = manifests.find(({ kind }) => kind === "Job") as KubernetesObject;
    const always = codes["*"];
    if (always !== undefined) job.spec.template.metadata.annotations["kwok.test/exit-code"] = always;
    for (const object of manifests) await plane().api.ensure(object);
    await plane().api.until(job, (now) => now?.status?.active === job.spec.parallelism);
    for (const [index, code] of Object.entries(codes)) {
      if (index === "*" || code === undefined) continue;
      const [pod] = await podsOf(job, index);
      await finish(pod as KubernetesObject, code);
    }
    return job;
  }

  /** Ends a running pod with an exit code. */
  async function finish(pod: KubernetesObject, code = "0"): Promise<void> {
    const annotations = { "kwok.test/exit-code": code };
    await plane().api.patch({ ...pod, apiVersion: "v1", kind: "Pod" }, { metadata: { annotations } });
  }

  /** The second pod of an index, as soon as there is one. */
  async function replacementOf(job: KubernetesObject, index: string): Promise<KubernetesObject> {
    const names = new Set<string>();
    for await (const { object } of plane().api.watch(podsPath, selectorOf(job, index), AbortSignal.timeout(100_000))) {
      names.add(object.metadata.name);
      if (names.size === 2) return object;
    }
    throw new Error(`index ${index} got no second pod`);
  }

  function podsOf(job: KubernetesObject, index: string): Promise<KubernetesObject[]> {
    return plane().api.list(`${podsPath}?${selectorOf(job, index)}`);
  }

  function selectorOf({ metadata: { name } }: KubernetesObject, index: string): string {
    const labels = `batch.kubernetes.io/job-name=${name},batch.kubernetes.io/job-completion-index=${index}`;
    return `labelSelector=${encodeURIComponent(labels)}`;
  }

  /** The status of a Job that has ended. */
  async function end(job: KubernetesObject): Promise<KubernetesObject> {
    const isEnd = ({ type, status }: KubernetesObject) => /^(Complete|Failed)$/.test(type) && status === "True";
    const ended = await plane().api.until(job, (now) => now?.status?.conditions?.some(isEnd));
    return ended?.status;
  }
});
