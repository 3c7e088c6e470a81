import type { IngressOptions } from "../../constructs/services/ingress-options.ts";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith } from "./fixtures.ts";

/** An entry from outside for dev. */
export const ingress: IngressOptions = {
  host: "sweeps.example.com",
  certificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/11112222-3333-4444-5555-666677778888",
  oidc: {
    issuer: "https://login.example.com",
    authorizationEndpoint: "https://login.example.com/authorize",
    tokenEndpoint: "https://login.example.com/token",
    userInfoEndpoint: "https://login.example.com/userinfo",
    clientId: "sweeps",
    secretName: "oidc",
  },
  allowedCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
};

/** A public subnet in each zone of dev. */
export const publicSubnetIds = {
  "us-west-2a": "subnet-3a1b2c3d",
  "us-west-2b": "subnet-4a1b2c3d",
  "us-west-2c": "subnet-5a1b2c3d",
};

/** The workload of dev with an image that was built elsewhere, which takes less time than one to build. */
export const prebuilt: Environment["workload"] = { ...dev.workload, image: "registry.example.com/ttg-worker:1" };

/** The dev environment with an entry from outside, and changes of it. */
export function devWithIngress(changes: Partial<IngressOptions> = {}, others: Partial<Environment> = {}): Environment {
  return devWith({ workload: prebuilt, services: { ingress: { ...ingress, ...changes } }, ...others });
}
