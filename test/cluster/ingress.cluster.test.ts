import { loadBalancerController } from "../../constructs/addons/load-balancer-controller.ts";
import { ServicesIngress } from "../../constructs/services/ingress.ts";
import { ingress } from "../support/ingress.ts";
import { synthesize } from "../support/synthesized.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const namespace = "platform-services";
const manifests = manifestsOf(
  synthesize((stack) => {
    const service = { serviceName: "frontend", namespace, dependables: [] };
    new ServicesIngress(stack, "ingress", { ...ingress, service, securityGroupId: "sg-0123456789abcdef0" });
  }),
);
const inNamespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

describeWithControlPlane("an entry from outside", { kwok: false }, (plane) => {
  beforeAll(async () => {
    await plane().api.create(inNamespace);
  });

  test("is accepted by the API server, strictly and without a warning", async () => {
    expect(manifests.map(nameOf).sort()).toEqual([
      "Ingress frontend-api",
      "Ingress frontend-pages",
      "Role load-balancer-login",
      "RoleBinding load-balancer-login",
    ]);
    for (const object of manifests) {
      const created = await plane().api.create(object);
      if (object.kind !== "Ingress") continue;
      // The API server drops nothing of it.
      expect(created).toMatchObject({ metadata: object.metadata, spec: object.spec });
    }
  });

  test.each([
    ["get", "oidc", namespace, true],
    ["list", "oidc", namespace, true],
    ["watch", "oidc", namespace, true],
    ["get", "others", namespace, false],
    ["list", undefined, namespace, false],
    ["get", "oidc", "sweep", false],
    ["update", "oidc", namespace, false],
    ["delete", "oidc", namespace, false],
    ["create", undefined, namespace, false],
  ])("lets the controller %s the Secret %s in %s: %s", async (verb, name, inside, allowed) => {
    const { serviceAccount: account, namespace: home } = loadBalancerController;
    const { status } = await plane().api.json("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: `system:serviceaccount:${home}:${account}`,
        resourceAttributes: { verb, resource: "secrets", namespace: inside, ...(name !== undefined && { name }) },
      },
    });
    expect(status.allowed).toBe(allowed);
  });
});
