import { devWithServices } from "../support/services.ts";
import { synthesizeEnvironment } from "../support/workload.ts";
import { KubernetesApi, type KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { daemonSetManifests, nodeOf } from "./support/nodes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const { platform, workload } = synthesizeEnvironment(devWithServices);
const resolve = (expression: string) =>
  /repository_url/.test(expression)
    ? "registry.example.com/worker"
    : expression.startsWith("sha256(")
      ? "hash"
      : "value";
const manifests = manifestsOf(workload, resolve);
const namespace = "platform-services";
const isOfServices = ({ metadata }: KubernetesObject) => [metadata.namespace, metadata.name].includes(namespace);
const services = manifests.filter((object) => isOfServices(object) || /^Role/.test(object.kind));
const sweep = manifests.find(({ kind, metadata }) => kind === "Namespace" && metadata.name === "sweep");

describeWithControlPlane("services in a cluster", {}, (plane) => {
  const podsIn = (name: string) =>
    plane().api.list(`/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/name=${name}`);

  beforeAll(async () => {
    for (const daemonSet of daemonSetManifests()) await plane().api.create(daemonSet);
    for (const [pool, count] of Object.entries({ general: 2, executor: 1, "executor-large": 1, gpu: 1 })) {
      for (let number = 1; number <= count; number++) {
        await plane().api.create(nodeOf(platform, pool, `${pool}-${number}`));
      }
    }
    await plane().api.create(sweep ?? {});
  });

  test("are accepted by the API server, strictly and without a warning", async () => {
    expect(services.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "RoleBinding",
      ]),
    );
    for (const object of services) await plane().api.create(object);
  });

  test.each(["frontend", "api"])("run %s as restricted pods, one on each node that is always there", async (name) => {
    const deployment = services.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name) ?? {};
    await plane().api.until(deployment, (now) => now?.status?.readyReplicas === 2);
    const nodes = (await podsIn(name)).map(({ spec }) => spec.nodeName);
    expect(nodes.sort()).toEqual(["general-1", "general-2"]);
    // kwok gives pods no addresses, so that the Service has no endpoints here.
    const { spec } = services.find(({ kind, metadata }) => kind === "Service" && metadata.name === name) ?? {};
    for (const { metadata, spec: pod } of await podsIn(name)) {
      expect(metadata.labels).toMatchObject(spec.selector);
      expect(pod.containers[0].ports[0].containerPort).toBe(spec.ports[0].targetPort);
    }
  });

  test("let a budget protect the pods of each from being evicted together", async () => {
    for (const name of ["frontend", "api"]) {
      const budget = services.find(({ kind, metadata }) => kind === "PodDisruptionBudget" && metadata.name === name);
      const now = await plane().api.until(budget ?? {}, (object) => object?.status?.currentHealthy === 2);
      expect(now).toMatchObject({ status: { disruptionsAllowed: 1, expectedPods: 2 } });
    }
  });

  test("give the API the rights to see pods and events of sweeps, and nothing beyond what everybody has", async () => {
    const rulesOf = async (account: string, where: string) => {
      const { certificate, key } = plane().credentials(
        `system:serviceaccount:${namespace}:${account}`,
        "system:serviceaccounts",
      );
      const { server, certificateAuthority } = plane();
      const api = new KubernetesApi({ server, certificateAuthority, clientCertificate: certificate, clientKey: key });
      try {
        const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        const review = {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectRulesReview",
          spec: { namespace: where },
        };
        const { status } = await api.json("POST", path, review);
        return status.resourceRules.filter(
          ({ apiGroups }: KubernetesObject) => !/^(authorization|authentication)\.k8s\.io$/.test(apiGroups[0]),
        );
      } finally {
        api.close();
      }
    };
    expect(await rulesOf("api", "sweep")).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
      { apiGroups: [""], resources: ["events"], verbs: ["list"] },
    ]);
    expect(await rulesOf("api", namespace)).toEqual([]);
    expect(await rulesOf("frontend", "sweep")).toEqual([]);
  });
});
