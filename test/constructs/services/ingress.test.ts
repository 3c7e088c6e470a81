import {
  loadBalancerArnPrefix,
  loadBalancerName,
  ServicesIngress,
  type ServicesIngressProps,
} from "../../../constructs/services/ingress.ts";
import { ingress } from "../../support/ingress.ts";
import { messageOf, type ResourceJson, synthesize } from "../../support/synthesized.ts";

const make = (changes: Partial<ServicesIngressProps> = {}) =>
  synthesize((stack) => {
    new ServicesIngress(stack, "ingress", {
      ...ingress,
      service: { serviceName: "frontend", namespace: "platform-services", dependables: [] },
      securityGroupId: "sg-1",
      ...changes,
    });
  });
const made = make();
const one = (name: string): ResourceJson => made.one("kubernetes_ingress_v1", `ingress_${name}_`);

const common = {
  "listen-ports": '[{"HTTP":80},{"HTTPS":443}]',
  "security-groups": "sg-1",
  "manage-backend-security-group-rules": "false",
  "healthcheck-path": "/ready",
  "healthcheck-interval-seconds": "10",
  "healthcheck-timeout-seconds": "5",
  "healthy-threshold-count": "2",
  "unhealthy-threshold-count": "2",
  "target-group-attributes": "deregistration_delay.timeout_seconds=20",
  "auth-type": "oidc",
  "auth-idp-oidc":
    '{"issuer":"https://login.example.com","authorizationEndpoint":"https://login.example.com/authorize","tokenEndpoint":"https://login.example.com/token","userInfoEndpoint":"https://login.example.com/userinfo","secretName":"oidc"}',
  "auth-scope": "openid email",
  "auth-session-timeout": "43200",
  "auth-session-cookie": "AWSELBAuthSessionCookie",
};
const annotations = (own: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries({ ...common, ...own }).map(([name, value]) => [`alb.ingress.kubernetes.io/${name}`, value]),
  );

describe("an entry from outside", () => {
  test.each([
    ["api", "/api", { "group.order": "1", "auth-on-unauthenticated-request": "deny" }],
    ["pages", "/", { "group.order": "2", "auth-on-unauthenticated-request": "authenticate" }],
  ])("has the paths of the %s behind a login", (name, path, own) => {
    expect(one(name).metadata).toEqual({
      name: `frontend-${name}`,
      namespace: "platform-services",
      annotations: annotations(own),
    });
    const backend = { service: { name: "frontend", port: { number: 80 } } };
    expect(one(name).spec).toEqual({
      ingress_class_name: "alb",
      rule: [{ host: "sweeps.example.com", http: { path: [{ path, path_type: "Prefix", backend }] } }],
    });
  });

  test("waits for the load balancer, and for its end", () => {
    for (const name of ["api", "pages"]) {
      expect(one(name)).toMatchObject({ wait_for_load_balancer: true, timeouts: { create: "15m", delete: "20m" } });
    }
  });

  test("lets the controller read one Secret, before it makes the load balancer", () => {
    expect(made.one("kubernetes_role_v1").rule).toEqual([
      { api_groups: [""], resources: ["secrets"], resource_names: ["oidc"], verbs: ["get", "list", "watch"] },
    ]);
    expect(made.one("kubernetes_role_binding_v1")).toMatchObject({
      metadata: { namespace: "platform-services" },
      role_ref: { kind: "Role", name: made.one("kubernetes_role_v1").metadata.name },
      subject: [{ kind: "ServiceAccount", name: "aws-load-balancer-controller", namespace: "kube-system" }],
    });
    for (const name of ["api", "pages"]) {
      expect(one(name).depends_on).toEqual([made.address("kubernetes_role_binding_v1")]);
    }
  });

  test("has no secret in the state", () => {
    expect(JSON.stringify(made.json)).not.toMatch(/clientSecret|client_secret/i);
    expect(made.all("kubernetes_secret_v1")).toEqual([]);
  });

  test("is refused with everything that is wrong at once", () => {
    expect(messageOf(() => make({ host: "a", allowedCidrs: [] }))).toMatch(/^ingress has 2 problems:/);
  });

  test("has a load balancer whose ARN is known before it exists", () => {
    expect(loadBalancerName("dev")).toBe("services-dev");
    expect(loadBalancerArnPrefix("dev", "us-west-2", "111122223333")).toBe(
      "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/services-dev/",
    );
    expect(loadBalancerArnPrefix("dev", "us-gov-west-1", "111122223333")).toMatch(/^arn:aws-us-gov:/);
  });
});
