import { WebService } from "../../../constructs/services/web-service.ts";
import type { WebServiceProps } from "../../../constructs/services/web-service-props.ts";
import { RestrictedNamespace } from "../../../constructs/workload/restricted-namespace.ts";
import { DestroyOrder } from "../../support/destroy-order.ts";
import { toDns, toHttps, toPodIdentityAgent } from "../../support/network-policies.ts";
import { type ResourceJson, synthesize } from "../../support/synthesized.ts";
import { gatewayAndModel, madeOf, podOf, propsOf } from "../../support/web-service.ts";

const policies = (made: ReturnType<typeof madeOf>): ResourceJson[] => made.all("kubernetes_network_policy_v1");

describe("the traffic of a web service", () => {
  test("is none, unless somebody declares it", () => {
    expect(policies(madeOf())).toEqual([]);
  });

  test("is open at both ends of a call, across namespaces, and nowhere else", () => {
    const made = gatewayAndModel();
    expect(policies(made).map(({ metadata }) => metadata)).toEqual([
      { name: "allow-doors-gateway-to-model", namespace: "shop" },
      { name: "allow-from-gateway", namespace: "doors" },
    ]);
    const [incoming, outgoing] = policies(made);
    expect(incoming?.spec).toEqual({
      pod_selector: { match_labels: { "app.kubernetes.io/name": "model" } },
      policy_types: ["Ingress"],
      ingress: [
        {
          from: [
            {
              namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "doors" } },
              pod_selector: { match_labels: { "app.kubernetes.io/name": "gateway" } },
            },
          ],
          ports: [{ protocol: "TCP", port: "8080" }],
        },
      ],
    });
    expect(outgoing?.spec).toEqual({
      pod_selector: { match_labels: { "app.kubernetes.io/name": "gateway" } },
      policy_types: ["Egress"],
      egress: [
        toDns,
        {
          to: [
            {
              namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "shop" } },
              pod_selector: { match_labels: { "app.kubernetes.io/name": "model" } },
            },
          ],
          ports: [{ protocol: "TCP", port: "8080" }],
        },
      ],
    });
  });

  test("is open to services of the same name in several namespaces", () => {
    const made = synthesize((stack) => {
      const models = ["shop", "lab"].map((namespace) => new WebService(stack, namespace, propsOf({ namespace })));
      for (const namespace of ["doors", "gates"]) {
        new WebService(stack, namespace, propsOf({ name: "gateway", namespace, calls: models }));
      }
    });
    const names = policies(made).map(({ metadata: { name, namespace } }) => `${namespace}/${name}`);
    expect(names.filter((name) => name.endsWith("-to-model")).sort()).toEqual([
      "lab/allow-doors-gateway-to-model",
      "lab/allow-gates-gateway-to-model",
      "shop/allow-doors-gateway-to-model",
      "shop/allow-gates-gateway-to-model",
    ]);
  });

  test("is opened in a namespace after that namespace, and closed before it", () => {
    const made = synthesize((stack) => {
      const [shop, doors] = ["shop", "doors"].map(
        (name) => new RestrictedNamespace(stack, name, { name, kubernetesVersion: "1.35" }),
      );
      const model = new WebService(stack, "model", propsOf({ dependsOn: shop?.dependables ?? [] }));
      const gateway = { name: "gateway", namespace: "doors", calls: [model], dependsOn: doors?.dependables ?? [] };
      new WebService(stack, "gateway", propsOf(gateway));
    });
    const policy = made.address("kubernetes_network_policy_v1", "gateway_calls");
    const shop = made.address("kubernetes_namespace_v1", "shop");
    expect(new DestroyOrder(made).destroysBefore(policy, shop)).toBe(true);
  });

  test("reaches AWS with an identity, or the Kubernetes API with a token, without the metadata of the node", () => {
    const egress = (changes: Partial<WebServiceProps>) => policies(madeOf(changes)).map(({ spec }) => spec.egress);
    expect(egress({ usesAws: true })).toEqual([[toDns, toPodIdentityAgent, toHttps]]);
    expect(egress({ usesKubernetesApi: true })).toEqual([[toDns, toHttps]]);
    expect(egress({ usesAws: true, usesKubernetesApi: true })).toEqual([[toDns, toPodIdentityAgent, toHttps]]);
    expect(podOf({ usesKubernetesApi: true }).automount_service_account_token).toBe(true);
  });

  test("comes from blocks of addresses that are named", () => {
    const [policy, ...others] = policies(madeOf({ callerCidrBlocks: ["10.0.0.0/20", "10.0.16.0/20"] }));
    expect(others).toEqual([]);
    expect(policy?.spec).toEqual({
      pod_selector: { match_labels: { "app.kubernetes.io/name": "model" } },
      policy_types: ["Ingress"],
      ingress: [
        {
          from: [{ ip_block: { cidr: "10.0.0.0/20" } }, { ip_block: { cidr: "10.0.16.0/20" } }],
          ports: [{ protocol: "TCP", port: "8080" }],
        },
      ],
    });
  });
});
