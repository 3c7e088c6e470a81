import {
  clusterTag,
  loadBalancerControllerPolicy,
} from "../../../constructs/addons/load-balancer-controller-policy.ts";
import { policyDocument } from "../../../constructs/support/iam-policy.ts";
import { isAllowed, type Request } from "../../support/policy-simulation.ts";

const props = {
  clusterName: "dev-platform",
  region: "us-west-2",
  accountId: "111122223333",
  loadBalancerName: "services-dev",
};
const statements = loadBalancerControllerPolicy(props);
const allowed = (request: Request) => isAllowed(statements, request);

const arn = (resource: string) => `arn:aws:elasticloadbalancing:us-west-2:111122223333:${resource}`;
/** One of each kind that belongs to the load balancer of the cluster. */
const own = {
  loadBalancer: arn("loadbalancer/app/services-dev/0a1b"),
  listener: arn("listener/app/services-dev/0a1b/2c3d"),
  rule: arn("listener-rule/app/services-dev/0a1b/2c3d/4e5f"),
  targetGroup: arn("targetgroup/k8s-platform-frontend-0a1b2c3d4e/5f6a"),
};
/** The same of another load balancer of the account, also with a similar name. */
const foreign = {
  loadBalancer: [arn("loadbalancer/app/shop/0a1b"), arn("loadbalancer/app/services-dev2/0a1b")],
  listener: [arn("listener/app/shop/0a1b/2c3d"), arn("listener/net/services-dev/0a1b/2c3d")],
  rule: [arn("listener-rule/app/shop/0a1b/2c3d/4e5f")],
  targetGroup: [arn("targetgroup/shop/5f6a")],
};
type Kind = keyof typeof own;

const ours = { [`aws:ResourceTag/${clusterTag}`]: "dev-platform" };
const theirs = { [`aws:ResourceTag/${clusterTag}`]: "prod-platform" };
const becomesOurs = { [`aws:RequestTag/${clusterTag}`]: "dev-platform" };

/** Every request of the controller that changes something, by the kind of thing that AWS checks it against. */
const changes: Readonly<Record<Kind, readonly string[]>> = {
  loadBalancer: [
    "DeleteLoadBalancer",
    "ModifyLoadBalancerAttributes",
    "SetIpAddressType",
    "SetSecurityGroups",
    "SetSubnets",
  ],
  listener: [
    "AddListenerCertificates",
    "DeleteListener",
    "ModifyListener",
    "ModifyListenerAttributes",
    "RemoveListenerCertificates",
  ],
  rule: ["DeleteRule", "ModifyRule", "SetRulePriorities"],
  targetGroup: [
    "DeleteTargetGroup",
    "DeregisterTargets",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "RegisterTargets",
  ],
};
const changing = Object.entries(changes).flatMap(([kind, actions]) =>
  actions.map((action) => [action, kind as Kind] as const),
);
/** Every request that makes something, with the thing that AWS checks it against. */
const making: readonly [string, string][] = [
  ["CreateLoadBalancer", own.loadBalancer],
  ["CreateTargetGroup", own.targetGroup],
  ["CreateListener", own.loadBalancer],
  ["CreateRule", own.listener],
];

describe("the load balancer controller", () => {
  test.each(changing)("may %s its own", (name, kind) => {
    expect(allowed({ action: `elasticloadbalancing:${name}`, resource: own[kind], context: ours })).toBe(true);
  });

  test.each(changing)("may not %s those of others, whatever their tag says", (name, kind) => {
    const action = `elasticloadbalancing:${name}`;
    for (const resource of foreign[kind]) {
      expect([resource, allowed({ action, resource, context: theirs })]).toEqual([resource, false]);
      expect([resource, allowed({ action, resource, context: {} })]).toEqual([resource, false]);
      // A target group has any name, so that its tag alone decides.
      const isTagged = kind === "targetGroup";
      expect([resource, allowed({ action, resource, context: ours })]).toEqual([resource, isTagged]);
    }
  });

  test.each(changing)("may not %s what has its name in another account or region", (name, kind) => {
    const action = `elasticloadbalancing:${name}`;
    for (const other of ["us-west-2:999999999999", "eu-west-1:111122223333"]) {
      const resource = own[kind].replace("us-west-2:111122223333", other);
      expect(allowed({ action, resource, context: ours })).toBe(false);
    }
  });

  test.each(making)("%s only with the tag of its cluster, from the first moment on", (name, resource) => {
    const action = `elasticloadbalancing:${name}`;
    expect(allowed({ action, resource, context: becomesOurs })).toBe(true);
    expect(allowed({ action, resource, context: {} })).toBe(false);
    expect(allowed({ action, resource, context: { [`aws:RequestTag/${clusterTag}`]: "prod-platform" } })).toBe(false);
    const tag = { action: "elasticloadbalancing:AddTags", resource };
    const tags = { ...becomesOurs, "aws:TagKeys": [clusterTag] };
    expect(allowed({ ...tag, context: { ...tags, "elasticloadbalancing:CreateAction": name } })).toBe(true);
    // Otherwise it could make something of others its own, by its tag.
    expect(allowed({ ...tag, context: tags })).toBe(false);
    expect(allowed({ ...tag, context: { ...tags, ...ours } })).toBe(false);
    expect(allowed({ ...tag, context: { ...tags, "elasticloadbalancing:CreateAction": "CreateTrustStore" } })).toBe(
      false,
    );
  });

  test("makes no load balancer with another name", () => {
    const action = "elasticloadbalancing:CreateLoadBalancer";
    for (const resource of [...foreign.loadBalancer, arn("loadbalancer/net/services-dev/0a1b")]) {
      expect(allowed({ action, resource, context: becomesOurs })).toBe(false);
    }
  });

  // AWS checks the values of tags that are added, and has only the keys of those that are removed.
  test.each([
    ["AddTags", { "aws:RequestTag/Environment": "dev" }, becomesOurs],
    ["RemoveTags", {}, {}],
  ])("may change other tags of its own by %s, and not the tag of the cluster", (name, others, cluster) => {
    const action = `elasticloadbalancing:${name}`;
    const changing = { ...others, "aws:TagKeys": ["Environment"] };
    for (const resource of Object.values(own)) {
      expect(allowed({ action, resource, context: { ...ours, ...changing } })).toBe(true);
      expect(allowed({ action, resource, context: { ...theirs, ...changing } })).toBe(false);
      const both = { ...others, ...cluster, "aws:TagKeys": ["Environment", clusterTag] };
      expect(allowed({ action, resource, context: { ...ours, ...both } })).toBe(false);
    }
  });

  test.each([
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:DeleteSecurityGroup",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:TerminateInstances",
    "elasticloadbalancing:SetWebAcl",
    "wafv2:AssociateWebACL",
    "shield:CreateProtection",
    "acm:DeleteCertificate",
    "iam:PassRole",
    "s3:GetObject",
  ])("may not %s", (action) => {
    expect(allowed({ action, resource: "*", context: { ...ours, ...becomesOurs } })).toBe(false);
  });

  test("may make the role of load balancers, and of no other service", () => {
    const request = { action: "iam:CreateServiceLinkedRole", resource: "*" };
    expect(allowed({ ...request, context: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" } })).toBe(true);
    expect(allowed({ ...request, context: { "iam:AWSServiceName": "ec2.amazonaws.com" } })).toBe(false);
  });

  test("reads what it needs, and every other action is one of the above", () => {
    const known = [...changing.map(([name]) => name), ...making.map(([name]) => name), "AddTags", "RemoveTags"];
    const others = statements
      .flatMap(({ actions }) => actions)
      .filter((action) => !known.some((name) => action === `elasticloadbalancing:${name}`));
    expect(others.filter((action) => !/^(ec2|elasticloadbalancing):(Describe|Get)[A-Z]\w+$/.test(action))).toEqual([
      "iam:CreateServiceLinkedRole",
    ]);
    expect(allowed({ action: "elasticloadbalancing:DescribeTargetHealth", resource: "*", context: {} })).toBe(true);
  });

  test("has a policy that a role can hold, also with the longest names and in GovCloud", () => {
    const longest = {
      ...props,
      clusterName: `${"a".repeat(16)}-platform`,
      loadBalancerName: `services-${"a".repeat(16)}`,
    };
    expect(policyDocument(loadBalancerControllerPolicy(longest)).length).toBeLessThan(10_240 / 2);
    const gov = loadBalancerControllerPolicy({ ...props, region: "us-gov-west-1" });
    const arns = gov.flatMap(({ resources }) => resources).filter((resource) => resource !== "*");
    expect(arns.every((one) => one.startsWith("arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:"))).toBe(true);
  });
});
