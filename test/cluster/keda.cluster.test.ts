import { dev } from "../../environments.ts";
import { synthesizeEnvironment } from "../support/workload.ts";
import { renderRelease } from "./support/helm.ts";
import { installDefinitionsOfKeda, triggerParameters } from "./support/keda.ts";
import { KubernetesApi, type KubernetesObject, pathOf } from "./support/kubernetes-api.ts";
import { evaluate } from "./support/manifests.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const namespace = "sweep";
const { addons, workload } = synthesizeEnvironment({
  ...dev,
  workload: {
    namespace,
    image: "registry.example.com/ttg-worker:1",
    jobs: [],
    executors: [
      { size: "small", max: 3, cpuRequestMillis: 1500, memoryRequestMiB: 3072 },
      { size: "large", max: 18 },
      { size: "gpu", max: 1 },
    ],
  },
});
const queueUrl = "https://sqs.us-west-2.amazonaws.com/123456789012/dev-size";

describeWithControlPlane("what tells KEDA to scale executors", { kwok: false }, (plane) => {
  const rendered = new Map<string, { authentication: KubernetesObject; scaledObject: KubernetesObject }>();

  beforeAll(async () => {
    await installDefinitionsOfKeda(plane().api);
    await plane().api.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    for (const release of workload.all("helm_release")) {
      // helm makes kinds that it does not know in alphabetical order, whatever the order in the chart.
      const objects = renderRelease(workload, release, () => queueUrl);
      expect(objects.map(({ kind }) => kind)).toEqual(["ScaledObject", "TriggerAuthentication"]);
      const values = JSON.parse(evaluate(release.values[0], () => queueUrl) as string);
      expect(objects).toEqual([...values.objects].reverse());
      const [scaledObject = {}, authentication = {}] = objects;
      rendered.set(scaledObject.metadata.name, { authentication, scaledObject });
    }
  });

  /** The objects of one size. */
  function objectsOf(size: string) {
    const objects = rendered.get(`executor-${size}`);
    if (objects === undefined) throw new Error(`nothing scales executors of the size ${size}`);
    return objects;
  }

  test.each(["small", "large", "gpu"])("is made for the size %s, strictly and without a warning", async (size) => {
    const { authentication, scaledObject } = objectsOf(size);
    await plane().api.create(authentication);
    const created = await plane().api.create(scaledObject);
    // The API server drops nothing of it.
    expect(created.spec).toMatchObject(scaledObject.spec);
    const [trigger] = scaledObject.spec.triggers;
    expect(trigger.authenticationRef).toEqual({ name: authentication.metadata.name });
    const deployments = workload.all("kubernetes_deployment_v1").map(({ metadata }) => metadata.name);
    expect(deployments).toContain(scaledObject.spec.scaleTargetRef.name);
  });

  test.each(["small", "large", "gpu"])(
    "has settings that the trigger of the size %s knows, and all that it needs",
    (size) => {
      const [{ type, metadata }] = objectsOf(size).scaledObject.spec.triggers;
      const parameters = triggerParameters(type);
      expect(parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(metadata)));
      const required = parameters.filter((parameter) => parameter.optional !== true && parameter.default === undefined);
      expect(Object.keys(metadata)).toEqual(expect.arrayContaining(required.map(({ name }) => name)));
      // KEDA takes the queue's name from the path: /<account>/<name>.
      expect(new URL(metadata.queueURL).pathname.split("/")).toHaveLength(3);
    },
  );

  test.each<
    [
      string,
      (objects: { authentication: KubernetesObject; scaledObject: KubernetesObject }) => KubernetesObject,
      string,
    ]
  >([
    [
      "a field of the ScaledObject",
      ({ scaledObject }) => renamed(scaledObject, "cooldownPeriod", "cooldownSeconds"),
      'unknown field "spec.cooldownSeconds"',
    ],
    [
      "a field of the trigger",
      ({ scaledObject }) => renamed(scaledObject, "metricType", "metric"),
      'unknown field "spec.triggers[0].metric"',
    ],
    [
      "a field of the autoscaler's behavior",
      ({ scaledObject }) => renamed(scaledObject, "stabilizationWindowSeconds", "windowSeconds"),
      'unknown field "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.windowSeconds"',
    ],
    [
      "a field of the identity",
      ({ authentication }) => renamed(authentication, "podIdentity", "identity"),
      'unknown field "spec.identity"',
    ],
    [
      "a kind of identity that KEDA does not have",
      ({ authentication }) => ({ ...authentication, spec: { podIdentity: { provider: "eks" } } }),
      'spec.podIdentity.provider: Unsupported value: "eks"',
    ],
  ])("is refused with %s misspelt", async (_, change, message) => {
    const changed = change(objectsOf("large"));
    const other = { ...changed, metadata: { ...changed.metadata, name: "misspelt" } };
    await expect(plane().api.create(other)).rejects.toThrow(message);
  });
});

describeWithControlPlane("what Helm makes before it removes KEDA", { kwok: false }, (plane) => {
  const { extraObjects }: { extraObjects: KubernetesObject[] } = JSON.parse(
    addons.one("helm_release", "keda").values[0],
  );
  const kinds = ["ScaledObject", "TriggerAuthentication"];
  const allOf = (kind: string, name?: string) =>
    pathOf({ apiVersion: "keda.sh/v1alpha1", kind, metadata: { namespace, name } });
  let account: KubernetesApi;

  beforeAll(async () => {
    await installDefinitionsOfKeda(plane().api);
    await plane().api.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    // Strictly, and without a warning.
    for (const object of extraObjects) await plane().api.create(object);
    const [{ spec }] = extraObjects.filter(({ kind }) => kind === "Job") as [KubernetesObject];
    const user = `system:serviceaccount:kube-system:${spec.template.spec.serviceAccountName}`;
    const { certificate, key } = plane().credentials(user);
    const { server, certificateAuthority } = plane();
    account = new KubernetesApi({ server, certificateAuthority, clientCertificate: certificate, clientKey: key });
  });
  afterAll(() => account?.close());

  test("may list, watch and delete the objects of KEDA, as its kubectl does, and nothing else", async () => {
    const [release] = workload.all("helm_release");
    for (const object of renderRelease(workload, release ?? {}, () => queueUrl)) await plane().api.create(object);
    for (const kind of kinds) {
      const objects = await account.list(allOf(kind));
      expect(objects).toHaveLength(1);
      expect((await account.raw("GET", `${allOf(kind)}?watch=true&timeoutSeconds=1`)).status).toBe(200);
      for (const object of objects) await account.delete(object);
      expect(await account.list(allOf(kind))).toEqual([]);
      const { status } = await account.raw("PATCH", allOf(kind, "any"), {}, "application/merge-patch+json");
      expect(status).toBe(403);
    }
    for (const path of ["/api/v1/secrets", `/apis/apps/v1/namespaces/${namespace}/deployments`]) {
      expect((await account.raw("GET", path)).status).toBe(403);
    }
  });
});

/** An object with another name for all fields of a name. */
function renamed(object: KubernetesObject, field: string, name: string): KubernetesObject {
  const text = JSON.stringify(object);
  if (!text.includes(`"${field}":`)) throw new Error(`there is no ${field} in ${text}`);
  return JSON.parse(text.replaceAll(`"${field}":`, `"${name}":`));
}
