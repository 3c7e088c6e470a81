import { WebService } from "../../constructs/services/web-service.ts";
import type { WebServiceProps } from "../../constructs/services/web-service-props.ts";
import { synthesize } from "./synthesized.ts";
import { pool } from "./workload.ts";

/** The properties of a model. */
export function propsOf(changes: Partial<WebServiceProps> = {}): WebServiceProps {
  return {
    name: "model",
    namespace: "shop",
    image: "registry.example.com/model:1",
    cpuRequestMillis: 250,
    memoryRequestMiB: 512,
    memoryLimitMiB: 1024,
    nodes: pool("general"),
    dependsOn: [],
    ...changes,
  };
}

/** A stack with the model. */
export const madeOf = (changes: Partial<WebServiceProps> = {}) =>
  synthesize((stack) => {
    new WebService(stack, "model", propsOf(changes));
  });
/** A gateway that calls a model in another namespace. */
export const gatewayAndModel = (changes: Partial<WebServiceProps> = {}) =>
  synthesize((stack) => {
    const model = new WebService(stack, "model", propsOf());
    new WebService(stack, "gateway", propsOf({ name: "gateway", namespace: "doors", calls: [model], ...changes }));
  });
/** The pod of the model. */
export const podOf = (changes: Partial<WebServiceProps> = {}) =>
  madeOf(changes).one("kubernetes_deployment_v1").spec.template.spec;
