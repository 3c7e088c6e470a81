import { daemonSets, simulatedKubeProxy } from "../../constructs/pools/daemon-sets.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { roomForPods } from "../../constructs/pools/node-target.ts";
import { prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import type { Synthesized } from "../support/synthesized.ts";
import { synthesizeEnvironment } from "../support/workload.ts";
import { podsOf } from "./support/jobs.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { daemonSetManifests, nodeOf } from "./support/nodes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

type JobSettings = Environment["workload"]["jobs"][number];

const [computation] = prod.workload.jobs;
if (computation === undefined) throw new Error("prod has a job");
const { platform } = synthesizeEnvironment(prod);

describeWithControlPlane("where the scheduler places pods", {}, (plane) => {
  beforeAll(async () => {
    for (const daemonSet of daemonSetManifests()) await plane().api.create(daemonSet);
  });

  test("pods of services go to the general pool, although nodes for evaluations are free", async () => {
    await join("executor", "gpu", "executor-small", "executor-large");
    const service = pod("service");
    await plane().api.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await plane().api.until(serviceAccountIn(namespace), (now) => now !== undefined);
    await plane().api.create(service);
    expect(await refusal(service)).toMatch(/0\/4 nodes are available: .*untolerated taint/);
    await join("general");
    expect(await nodeNameOf(service)).toBe(nameOf("general"));
  });

  test("pods of a job wait for a node of their pool, although the general pool is free", async () => {
    await join("general");
    const [first] = await start({ name: "elsewhere", workers: 1 });
    expect(await refusal(first)).toMatch(/0\/1 nodes are available: .*node affinity\/selector/);
    await join("executor");
    expect(await nodeNameOf(first)).toBe(nameOf("executor"));
  });

  test("pods of a job of a size go to the pools of that size only", async () => {
    await join("general", "executor", "executor-small", "gpu");
    const [first] = await start({ name: "large", size: "large", workers: 1 });
    expect(await refusal(first)).toMatch(/0\/4 nodes are available/);
    await join("executor-large");
    expect(await nodeNameOf(first)).toBe(nameOf("executor-large"));
  });

  test("three workers of one-per-node take three nodes, and the third waits while there are two", async () => {
    await join("executor", "executor");
    const pods = await start({ name: "alone", placement: "one-per-node", workers: 3 });
    await plane().api.until(jobOf(pods), (job) => job?.status?.ready === 2);
    const waiting = (await podsOf(plane().api, jobOf(pods))).filter(({ spec }) => spec.nodeName === undefined);
    expect(waiting.length).toBe(1);
    expect(await refusal(waiting[0])).toMatch(/0\/2 nodes are available: .*Insufficient cpu/);
    await join("executor");
    await plane().api.until(jobOf(pods), (job) => job?.status?.ready === 3);
    const nodes = (await podsOf(plane().api, jobOf(pods))).map(({ spec }) => spec.nodeName);
    expect(nodes.sort()).toEqual([1, 2, 3].map((number) => nameOf("executor", number)));
  });

  test.each(Object.keys(prod.nodePools))(
    "the largest pod that the pool %s accepts fits beside the DaemonSets, and a larger one does not",
    async (nodePool) => {
      const props = prod.nodePools[nodePool];
      if (props === undefined) throw new Error(`there is no pool ${nodePool}`);
      const room = roomForPods(new NodePool({ name: nodePool, ...props }));
      const largest = {
        name: "largest",
        nodePool,
        workers: 1,
        cpuRequestMillis: room.cpuMillis,
        cpuLimitMillis: room.cpuMillis,
        memoryRequestMiB: room.memoryMiB,
        memoryLimitMiB: room.memoryMiB,
        temporaryStorageMiB: room.ephemeralStorageMiB,
        gpus: room.gpus,
      };
      const more = { ...largest, cpuRequestMillis: room.cpuMillis + 1, cpuLimitMillis: room.cpuMillis + 1 };
      expect(() => workloadOf(more)).toThrow(/cpuRequestMillis must be/);

      await join(nodePool);
      for (const [resource, quantity] of [
        // The autoscaler's simulated nodes have one pod more than real ones.
        ["cpu", `${room.cpuMillis + simulatedKubeProxy.cpuRequestMillis + 1}m`],
        ["memory", `${room.memoryMiB + 1}Mi`],
        ["ephemeral-storage", `${room.ephemeralStorageMiB + 1}Mi`],
      ] as const) {
        const [tooLarge] = await start({ ...largest, name: `too-much-${resource}` }, (job) => {
          const [{ resources }] = job.spec.template.spec.containers;
          resources.requests[resource] = quantity;
          if (resource in resources.limits) resources.limits[resource] = quantity;
        });
        expect(await refusal(tooLarge)).toMatch(new RegExp(`0/1 nodes are available: 1 Insufficient ${resource}`));
      }
      const [fitting] = await start(largest);
      expect(await nodeNameOf(fitting)).toBe(nameOf(nodePool));
    },
  );

  test.each([
    { executors: 3, pool: "executor", size: "large", lacks: "cpu" },
    { executors: 6, pool: "executor-large", size: "large", lacks: "memory" },
    { executors: 1, pool: "gpu", size: "gpu", lacks: "nvidia.com/gpu" },
  ] as const)(
    "a node of the pool $pool has room for $executors executors, and the next one waits",
    async (expected) => {
      const { executors, pool, size, lacks } = expected;
      const { general } = prod.nodePools;
      const props = prod.nodePools[pool];
      if (general === undefined || props === undefined) throw new Error(`there is no pool ${pool}`);
      const labels = { ...props.labels, "executor-size": size };
      const { platform, workload } = synthesizeEnvironment({
        ...prod,
        nodePools: { general, [pool]: { ...props, labels } },
        workload: { namespace, jobs: [], executors: [{ size, max: executors + 1 }] },
      });
      await joinOf(platform, "general", pool);
      const manifests = manifestsOf(workload, () => "reference");
      for (const object of manifests) await plane().api.create(object);
      const deployment = manifests.find(({ kind }) => kind === "Deployment") ?? {};
      await plane().api.patch(deployment, { spec: { replicas: executors + 1 } }, "/scale");
      await plane().api.until(deployment, (now) => now?.status?.readyReplicas === executors);
      const selector = `labelSelector=app.kubernetes.io%2Fname%3D${deployment.metadata.name}`;
      const pods = await plane().api.list(`/api/v1/namespaces/${namespace}/pods?${selector}`);
      const placed = pods.filter(({ spec }) => spec.nodeName !== undefined);
      expect(placed.map(({ spec }) => spec.nodeName)).toEqual(new Array(executors).fill(nameOf(pool)));
      const [waiting, ...others] = pods.filter(({ spec }) => spec.nodeName === undefined);
      expect(others).toEqual([]);
      expect(await refusal(waiting)).toContain(`Insufficient ${lacks}`);
    },
  );

  let namespaces = 0;
  let namespace = "";
  beforeEach(() => {
    namespaces++;
    namespace = `placement-${namespaces}`;
  });
  let joined: KubernetesObject[] = [];
  afterEach(async () => {
    for (const node of joined) await plane().api.delete(node);
    for (const node of joined) await plane().api.until(node, (now) => now === undefined);
    joined = [];
    await plane().api.delete({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  });

  /** A node of each pool joins the cluster, and gets the pods of its DaemonSets. */
  function join(...pools: readonly string[]): Promise<void> {
    return joinOf(platform, ...pools);
  }

  /** {@link join}, for the pools of another environment. */
  async function joinOf(platform: Synthesized, ...pools: readonly string[]): Promise<void> {
    for (const pool of pools) {
      const number = joined.filter(({ metadata }) => metadata.labels["node-pool"] === pool).length + 1;
      const node = nodeOf(platform, pool, nameOf(pool, number));
      joined.push(node);
      await plane().api.create(node);
      const gpu = "nvidia.com/gpu.present" in node.metadata.labels;
      const expected = daemonSets.filter(({ runsOn }) => gpu || runsOn === "every-node").map(({ name }) => name);
      const running = new Set<string>();
      const query = `fieldSelector=spec.nodeName%3D${node.metadata.name}`;
      const signal = AbortSignal.timeout(100_000);
      for await (const { object } of plane().api.watch("/api/v1/namespaces/kube-system/pods", query, signal)) {
        if (object.status.phase === "Running") running.add(object.metadata.labels["daemon-set"]);
        if (running.size === expected.length) break;
      }
      expect([...running].sort()).toEqual(expected.sort());
    }
  }

  /** Another name in every test, since the pods of a node that is gone stay for a minute. */
  function nameOf(pool: string, number = 1): string {
    return `${pool}-${number}-of-${namespace}`;
  }

  function workloadOf(settings: Partial<JobSettings>) {
    const { nodePool, ...others } = computation as JobSettings;
    const job = { ...others, ...(settings.size === undefined && { nodePool }), ...settings } as JobSettings;
    return synthesizeEnvironment({ ...prod, workload: { namespace, jobs: [job] } }).workload;
  }

  /** Creates the objects of a job, and returns its pods as soon as all of them are there. */
  async function start(
    settings: Partial<JobSettings>,
    change: (job: KubernetesObject) => void = () => {},
  ): Promise<KubernetesObject[]> {
    const manifests = manifestsOf(workloadOf(settings), () => "reference");
    for (const object of manifests) {
      if (object.kind === "Job") change(object);
      // A second job finds the namespace and its contents.
      await plane().api.ensure(object);
    }
    const job = manifests.find(({ kind }) => kind === "Job") as KubernetesObject;
    await plane().api.until(job, (now) => now?.status?.active === job.spec.parallelism);
    return podsOf(plane().api, job);
  }

  function jobOf([first]: readonly KubernetesObject[]): KubernetesObject {
    const name = first?.metadata.labels["batch.kubernetes.io/job-name"];
    return { apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace } };
  }

  /** The scheduler's words for a pod that fits nowhere. */
  async function refusal(waiting: KubernetesObject | undefined): Promise<string> {
    const reason = ({ status }: KubernetesObject) =>
      status.conditions?.find(
        ({ type, reason }: KubernetesObject) => type === "PodScheduled" && reason === "Unschedulable",
      );
    const found = await plane().api.until(waiting ?? {}, (now) => now !== undefined && reason(now) !== undefined);
    return reason(found as KubernetesObject).message;
  }

  async function nodeNameOf(placed: KubernetesObject | undefined): Promise<string> {
    return (await plane().api.until(placed ?? {}, (now) => now?.spec.nodeName !== undefined))?.spec.nodeName;
  }

  function pod(name: string): KubernetesObject {
    const containers = [{ name, image: "none", resources: { requests: { cpu: "100m" } } }];
    return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, spec: { containers } };
  }
});

/** Without it, no pod can be made in a namespace. */
function serviceAccountIn(namespace: string): KubernetesObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } };
}
