import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { transformSync } from "@swc/core";
import { Testing } from "cdktf";
import { servicesRequests } from "../../../constructs/services/platform-services.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { problemsOf } from "../../support/fixtures.ts";
import { codeBlocks, repository } from "../../support/readme.ts";
import { Synthesized } from "../../support/synthesized.ts";
import { pool } from "../../support/workload.ts";

const document = readFileSync(join(repository, "docs/services.md"), "utf8");
const blocks = codeBlocks(document)
  .filter(({ language }) => language === "ts")
  .map(({ code }) => code);

test("the services that docs/services.md turns on can be deployed", () => {
  const examples = blocks.filter((code) => code.startsWith("services: "));
  expect(examples).toHaveLength(2);
  for (const code of examples) {
    const { services } = JSON.parse(JSON.stringify(runInNewContext(`({${code}})`)));
    expect(problemsOf({ ...dev, services }).map(describeProblem)).toEqual([]);
  }
});

test("docs/services.md tells what the pods of services ask for", () => {
  const { frontend, api } = servicesRequests;
  const cells = [frontend, api].map(
    (one) => `${one.cpuRequestMillis}m, ${one.memoryRequestMiB} MiB; at most ${one.memoryLimitMiB} MiB`,
  );
  expect(document).toContain(`| requests of a pod | ${cells.join(" | ")} |`);
});

describe("the gateway and the model of docs/services.md", () => {
  const program = blocks.find((code) => code.startsWith("// shop-stack.ts\n")) ?? "";
  const { code } = transformSync(program, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  // biome-ignore lint/suspicious/noExplicitAny: the module of a text.
  const exported: any = {};
  new Function("require", "exports", code)(require, exported);
  const made = Synthesized.of(new exported.ShopStack(Testing.app(), "shop", pool("general")));
  const policies = made.all("kubernetes_network_policy_v1").map(({ metadata, spec }) => [metadata.name, spec]);

  test("are two Deployments with two and three replicas, each behind an address inside the cluster", () => {
    const deployments = made
      .all("kubernetes_deployment_v1")
      .map(({ metadata, spec }) => [metadata.name, spec.replicas]);
    expect(deployments).toEqual([
      ["gateway", "2"],
      ["model", "3"],
    ]);
    expect(made.all("kubernetes_service_v1").map(({ spec }) => spec.type)).toEqual(["ClusterIP", "ClusterIP"]);
    const [{ env }] = made.one("kubernetes_deployment_v1", "gateway").spec.template.spec.container;
    expect(env).toEqual([{ name: "MODEL_URL", value: "http://model.shop" }]);
  });

  test("let the outside in to the gateway, the gateway to the model, and nobody else anywhere", () => {
    expect(policies.map(([name]) => name)).toEqual([
      "allow-gateway-to-model",
      "allow-from-gateway",
      "allow-to-gateway",
      "deny-all",
    ]);
    const ingress = (name: string) => policies.find(([other]) => other === name)?.[1];
    expect(ingress("allow-gateway-to-model")).toMatchObject({
      pod_selector: { match_labels: { "app.kubernetes.io/name": "model" } },
      ingress: [{ from: [{ pod_selector: { match_labels: { "app.kubernetes.io/name": "gateway" } } }] }],
    });
    expect(ingress("allow-to-gateway")).toMatchObject({
      pod_selector: { match_labels: { "app.kubernetes.io/name": "gateway" } },
      ingress: [{ from: [{ ip_block: { cidr: "10.0.0.0/20" } }, { ip_block: { cidr: "10.0.16.0/20" } }] }],
    });
  });
});
