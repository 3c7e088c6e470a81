import { dev, prod } from "../../environments.ts";
import { synthesizeEnvironment } from "../support/workload.ts";
import { endOf, podsOf } from "./support/jobs.ts";
import { KubernetesApi, type KubernetesError, type KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { nodeOf } from "./support/nodes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const [computation] = dev.workload.jobs;
if (computation === undefined) throw new Error("dev has a job");
const namespace = "never";
const { workload } = synthesizeEnvironment({
  ...dev,
  workload: {
    namespace,
    jobs: ["broken", "waiting", "healthy"].map((name) => ({
      ...computation,
      name,
      workers: 2,
      backoffLimitPerIndex: 1,
      // Nodes of this pool are not made here: its pods wait for a machine.
      ...(name === "waiting" && { nodePool: "gpu" }),
    })),
  },
});

describeWithControlPlane("pods that have a machine and do not start", {}, (plane) => {
  let manifests: KubernetesObject[];
  let account: KubernetesApi;
  const jobOf = (name: string) =>
    manifests.find(({ kind, metadata }) => kind === "Job" && metadata.name.startsWith(name)) as KubernetesObject;

  beforeAll(async () => {
    const { platform } = synthesizeEnvironment(prod);
    for (const number of [1, 2, 3]) await plane().api.create(nodeOf(platform, "executor", `executor-${number}`));
    manifests = manifestsOf(workload, (expression) =>
      /url/.test(expression) ? "registry.example.com/worker" : "bucket",
    );
    jobOf("broken").spec.template.metadata.annotations["kwok.test/never-starts"] = "true";
    for (const object of manifests) await plane().api.create(object);
    const { server, certificateAuthority } = plane();
    const { certificate, key } = plane().credentials(`system:serviceaccount:${namespace}:start-deadline`);
    account = new KubernetesApi({ server, certificateAuthority, clientCertificate: certificate, clientKey: key });
  });
  afterAll(() => account?.close());

  /** Does what the CronJob's two commands do, in their order and with the permissions of its account. */
  async function look(): Promise<void> {
    const cronJob = manifests.find(({ kind }) => kind === "CronJob") as KubernetesObject;
    const { initContainers, containers } = cronJob.spec.jobTemplate.spec.template.spec;
    for (const { args } of [...initContainers, ...containers]) await likeKubectl(args);
  }

  /** `kubectl delete pods` and `kubectl label pods`, with selectors. */
  async function likeKubectl([inNamespace = "", verb, ...args]: string[]): Promise<void> {
    const option = (name: string) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? "";
    const query = new URLSearchParams({ labelSelector: option("selector"), fieldSelector: option("field-selector") });
    const path = `/api/v1/namespaces/${inNamespace.slice("--namespace=".length)}/pods`;
    const [key = "", value] = (args.at(-1) ?? "").split("=");
    for (const pod of await account.list(`${path}?${query}`)) {
      if (verb === "delete") await account.delete(pod);
      else await account.patch(pod, { metadata: { labels: { [key]: value } } });
    }
  }

  test("are deleted at the second look until their Job gives up, and no other pod is", async () => {
    const healthy = await plane().api.until(jobOf("healthy"), (now) => now?.status?.ready === 2);
    const broken = jobOf("broken");
    // Each worker is started twice, and the Job controller waits 10 s in between.
    for (let start = 1; start <= 2; start++) {
      await untilPods(broken, (pods) => pods.filter(isBoundAndWaiting).length === 2);
      const uids = (await podsOf(plane().api, broken)).filter(isBoundAndWaiting).map(({ metadata }) => metadata.uid);
      await look();
      // The first look only marks them.
      const left = (await podsOf(plane().api, broken)).filter(isBoundAndWaiting).map(({ metadata }) => metadata.uid);
      expect(left).toEqual(uids);
      await look();
      await untilPods(broken, (pods) =>
        pods.every(({ metadata }) => !uids.includes(metadata.uid) || isEnding(metadata)),
      );
    }
    const failed = await plane().api.until(broken, (now) => endOf(now) !== undefined);
    expect(failed?.status.conditions).toContainEqual(
      expect.objectContaining({ type: "Failed", status: "True", reason: "MaxFailedIndexesExceeded" }),
    );
    expect((await podsOf(plane().api, broken)).filter(isBoundAndWaiting)).toEqual([]);

    expect(await plane().api.until(jobOf("healthy"), () => true)).toMatchObject({ status: { ready: 2 } });
    expect(healthy?.status.failed ?? 0).toBe(0);
    const waiting = await podsOf(plane().api, jobOf("waiting"));
    expect(waiting.map(({ status, metadata }) => [status.phase, metadata.deletionTimestamp])).toEqual([
      ["Pending", undefined],
      ["Pending", undefined],
    ]);
  });

  test("are all that its account may touch", async () => {
    const forbidden = (object: KubernetesObject) =>
      account.delete(object).then(
        () => 200,
        (error) => (error as KubernetesError).status,
      );
    expect(await forbidden(jobOf("healthy"))).toBe(403);
    expect(await forbidden({ apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "default" } })).toBe(403);
  });

  async function untilPods(job: KubernetesObject, isWanted: (pods: KubernetesObject[]) => boolean): Promise<void> {
    while (!isWanted(await podsOf(plane().api, job))) await new Promise((done) => setTimeout(done, 200));
  }
});

function isBoundAndWaiting({ metadata, spec, status }: KubernetesObject): boolean {
  return status.phase === "Pending" && spec.nodeName !== undefined && !isEnding(metadata);
}

function isEnding(metadata: KubernetesObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}
