import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { DestroyOrder } from "../support/destroy-order.ts";
import { devWith, existingVpc, problemsOf } from "../support/fixtures.ts";
import { devWithIngress, ingress, prebuilt, publicSubnetIds } from "../support/ingress.ts";
import type { ResourceJson, Synthesized } from "../support/synthesized.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

type Stacks = ReturnType<typeof synthesizeEnvironment>;
const stacks = synthesizeEnvironment(devWithIngress());
const { platform, addons, workload } = stacks;

const releaseOf = (stack: Synthesized) =>
  stack.all("helm_release").find(({ chart }) => chart === "aws-load-balancer-controller");
const parametersOf = (stack: Synthesized) => JSON.parse(releaseOf(stack)?.values[0]).ingressClassParams.spec;
/** The NetworkPolicy that lets a load balancer in. */
const blocksBehind = ({ workload: made }: Stacks): string[] =>
  made
    .all("kubernetes_network_policy_v1")
    .filter(({ metadata }) => metadata.namespace === "platform-services")
    .flatMap(({ spec }) => (spec.ingress ?? []).flatMap(({ from = [] }: ResourceJson) => from))
    .flatMap(({ ip_block }: ResourceJson) => ip_block?.cidr ?? []);
/** The file that configures the API. */
const serviceFileOf = ({ workload: made }: Stacks) => {
  const maps = made.all("kubernetes_config_map_v1").filter(({ data }) => data["service.json"] !== undefined);
  return JSON.parse(maps[0]?.data["service.json"]);
};

/** The same environment without the entry. */
const closed = synthesizeEnvironment(devWith({ workload: prebuilt, services: {} }));

describe("an environment with an entry from outside", () => {
  test("has exactly the pinned addresses beside those of the same environment without", () => {
    const pinned = readFileSync(join(__dirname, "addresses", "dev-ingress.txt"), "utf8");
    const added = (["platform", "addons", "image", "workload"] as const).flatMap((part) =>
      stacks[part].addresses
        .filter((address) => !closed[part].addresses.includes(address))
        .map((address) => `dev-${part} ${address}`),
    );
    expect(`${added.join("\n")}\n`).toBe(pinned);
  });

  test("has one load balancer in its public subnets, with its certificate, for its services alone", () => {
    const ids = ["a", "b", "c"].map((zone) => expect.stringMatching(`aws_subnet.*public-subnet-us-west-2${zone}_`));
    expect(parametersOf(addons)).toMatchObject({
      loadBalancerName: "services-dev",
      scheme: "internet-facing",
      subnets: { ids },
      inboundCIDRs: ingress.allowedCidrs,
      certificateArn: [ingress.certificateArn],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "platform-services" } },
      tags: expect.arrayContaining([{ key: "Environment", value: "dev" }]),
    });
    expect(workload.all("kubernetes_ingress_v1")).toHaveLength(2);
    for (const { metadata, spec } of workload.all("kubernetes_ingress_v1")) {
      expect(metadata.annotations["alb.ingress.kubernetes.io/security-groups"]).toMatch(/load-balancer_security-group/);
      const [{ backend }] = spec.rule[0].http.path;
      expect(backend.service.name).toBe("frontend");
    }
  });

  test("lets the load balancer's subnets reach the page, and tells the API whose signature to believe", () => {
    expect(blocksBehind(stacks)).toEqual(["10.0.224.0/22", "10.0.228.0/22", "10.0.232.0/22"]);
    expect(serviceFileOf(stacks).login).toEqual({
      region: "us-west-2",
      loadBalancerArnPrefix: "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/services-dev/",
      clientId: "sweeps",
      issuer: "https://login.example.com",
    });
  });

  test("tells the API the client as it is, also where Terraform would see an expression", () => {
    const clientId = `a\${b}`;
    const login = serviceFileOf(synthesizeEnvironment(devWithIngress({ oidc: { ...ingress.oidc, clientId } }))).login;
    expect(login.clientId).toBe(`a$\${b}`);
  });

  test("answers to the host name of the entry, which is no name of the cluster", () => {
    const argsIn = ({ workload: made }: Stacks) =>
      made.one("kubernetes_deployment_v1", "services_frontend").spec.template.spec.container[0].args;
    expect(argsIn(stacks).slice(-2)).toEqual(["--allow-host", ingress.host]);
    expect(argsIn(closed)).not.toContain("--allow-host");
  });

  test("replaces pods only when the load balancer sends to the new ones", () => {
    const namespace = workload.one("kubernetes_namespace_v1", "services_");
    expect(namespace.metadata.labels).toMatchObject({ "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" });
  });

  test("has the address of the load balancer as an output", () => {
    expect(workload.json.output?.["load-balancer-host"]?.value).toMatch(
      /kubernetes_ingress_v1\.ingress_pages_\w+\.status\[0\]\.load_balancer\[0\]\.ingress\[0\]\.hostname/,
    );
  });

  test("has its own load balancer's permissions", () => {
    const [controller] = platform.all("aws_iam_role_policy", "load-balancer-identity_");
    expect(controller?.policy).toMatch(/loadbalancer\/app\/services-dev\/\*/);
    expect(controller?.policy).toMatch(/"aws:ResourceTag\/elbv2\.k8s\.aws\/cluster":"\$\{aws_eks_cluster\.cluster_/);
  });

  test("is in the private subnets where it is internal", () => {
    const internal = synthesizeEnvironment(devWithIngress({ scheme: "internal", allowedCidrs: ["10.0.0.0/8"] }));
    expect(parametersOf(internal.addons)).toMatchObject({ scheme: "internal" });
    expect(JSON.stringify(parametersOf(internal.addons).subnets)).not.toMatch(/public/);
    expect(blocksBehind(internal)).toEqual(["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19"]);
  });

  test("asks AWS for the blocks of subnets that somebody else has made", () => {
    const existing = synthesizeEnvironment(onExistingNetwork({ ...existingVpc, publicSubnetIds }));
    const ids = Object.values(publicSubnetIds);
    expect(parametersOf(existing.addons).subnets).toEqual({ ids });
    const data = (existing.platform.json.data as ResourceJson).aws_subnet;
    expect(Object.values<ResourceJson>(data).map(({ id }) => id)).toEqual(ids);
    expect(blocksBehind(existing)).toHaveLength(3);
  });
});

function onExistingNetwork(existingNetwork: object, changes = {}): Environment {
  return devWithIngress(changes, { network: undefined, existingNetwork } as unknown as Environment);
}

describe("an environment without an entry from outside", () => {
  test("has nothing of it", () => {
    for (const stack of [closed.platform, closed.addons, closed.workload]) {
      expect(stack.addresses.filter((address) => /load-balancer|ingress_v1/.test(address))).toEqual([]);
    }
    expect(JSON.stringify(closed.workload.json)).not.toMatch(/readiness-gate|load-balancer-host/);
    expect(blocksBehind(closed)).toEqual([]);
    expect(serviceFileOf(closed).login).toBeUndefined();
  });
});

describe("destroying an entry from outside", () => {
  const withPlatform = new DestroyOrder(platform);
  const inWorkload = new DestroyOrder(workload);
  const addressesOf = (stack: Synthesized, pattern: RegExp) => stack.addresses.filter((one) => pattern.test(one));

  test("takes the Ingresses, then the controller and the class, then the identity and the network", () => {
    expect(workload.dependencies).toEqual(expect.arrayContaining(["dev-addons", "dev-platform"]));
    expect(addons.dependencies).toEqual(["dev-platform"]);
    // The class and its parameters are parts of the controller's release.
    expect(JSON.parse(releaseOf(addons)?.values[0])).toMatchObject({
      createIngressClassResource: true,
      ingressClassParams: { create: true },
    });
    expect(addressesOf(workload, /^kubernetes_ingress_v1\./)).toHaveLength(2);
    expect(addressesOf(platform, /^aws_eks_pod_identity_association\.load-balancer-identity_/)).toHaveLength(1);
  });

  test("takes the Ingresses before the service, its network policies and the permission to read the Secret", () => {
    const later = addressesOf(
      workload,
      /^kubernetes_(namespace|deployment|service|role|role_binding)_v1\.(services_(namespace|frontend)|ingress)/,
    );
    expect(later.length).toBeGreaterThanOrEqual(5);
    for (const entry of addressesOf(workload, /^kubernetes_ingress_v1\./)) {
      for (const address of later)
        expect([address, inWorkload.destroysBefore(entry, address)]).toEqual([address, true]);
    }
  });

  test("takes the security group before the controller's permissions: AWS refuses it while there is a load balancer", () => {
    const group = platform.address("aws_security_group", "load-balancer_");
    const rules = addressesOf(platform, /^aws_vpc_security_group_(in|e)gress_rule\.load-balancer_/);
    expect(rules).toHaveLength(7);
    for (const rule of rules) expect([rule, withPlatform.destroysBefore(rule, group)]).toEqual([rule, true]);
    const kept = [
      ...addressesOf(platform, /^aws_(iam_role|iam_role_policy|eks_pod_identity_association)\.load-balancer-identity_/),
      platform.address("aws_vpc"),
      platform.address("aws_eks_cluster"),
    ];
    expect(kept).toHaveLength(5);
    for (const address of kept) expect([address, withPlatform.destroysBefore(group, address)]).toEqual([address, true]);
  });
});

describe("an environment is refused", () => {
  const sentences = (environment: unknown) =>
    problemsOf(environment).map(
      ({ path, allowed, got, fix }) => `${path.join(".")} must be ${allowed}, got ${got}: ${fix}`,
    );

  test("with a load balancer that lacks a certificate or a login", () => {
    const { certificateArn: _, oidc: __, ...open } = ingress;
    expect(sentences(devWith({ services: { ingress: open } }))).toEqual([
      "services.ingress.certificateArn must be the ARN of a certificate of ACM, got nothing: without a certificate, logins would cross the network readable; request one from ACM for the host, or leave out ingress",
      "services.ingress.oidc must be an object with issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, clientId or secretName, got nothing: without a login, everybody who reaches the load balancer could submit sweeps; name your identity provider, or leave out ingress",
    ]);
  });

  test("with an ingress beside services, which have it", () => {
    expect(sentences({ ...devWith({}), ingress })).toEqual([expect.stringMatching(/^ingress must be left out, got /)]);
  });

  test("with a network of others whose public subnets it does not name", () => {
    expect(sentences(onExistingNetwork(existingVpc))).toEqual([
      'existingNetwork.publicSubnetIds must be given, because the load balancer of services.ingress is internet-facing, got nothing: name a public subnet in each zone (aws ec2 describe-subnets), or use scheme: "internal"',
    ]);
    expect(sentences(onExistingNetwork(existingVpc, { scheme: "internal", allowedCidrs: ["10.0.0.0/8"] }))).toEqual([]);
  });

  const inPoolsZones = (missing: string) =>
    `existingNetwork.publicSubnetIds must be subnets in us-west-2a, us-west-2b, us-west-2c, the zones of the pool "general" on which the services run, got none in ${missing}: the load balancer sends nothing to pods in a zone without a subnet of its own; add a public subnet there, or let the pool do without that zone`;

  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      "in one zone",
      { "us-west-2a": "subnet-3a1b2c3d" },
      [
        "existingNetwork.publicSubnetIds must be subnets in two or more of us-west-2a, us-west-2b, us-west-2c, got subnets in us-west-2a: a load balancer needs two zones, and reaches pods in those of the private subnets; correct the zones",
        inPoolsZones("us-west-2b, us-west-2c"),
      ],
    ],
    [
      "in a zone without nodes",
      { ...publicSubnetIds, "us-west-2d": "subnet-6a1b2c3d" },
      [
        "existingNetwork.publicSubnetIds must be subnets in two or more of us-west-2a, us-west-2b, us-west-2c, got subnets in us-west-2a, us-west-2b, us-west-2c, us-west-2d: a load balancer needs two zones, and reaches pods in those of the private subnets; correct the zones",
      ],
    ],
    [
      "in some of the zones of its pods",
      { "us-west-2a": "subnet-3a1b2c3d", "us-west-2b": "subnet-4a1b2c3d" },
      [inPoolsZones("us-west-2c")],
    ],
    [
      "that are private",
      { ...publicSubnetIds, "us-west-2b": existingVpc.privateSubnetIds["us-west-2b"] },
      [
        'existingNetwork.publicSubnetIds.us-west-2b must be different from the private subnets, which have no way in from the internet, got "subnet-1a1b2c3d": copy that of a public subnet',
      ],
    ],
    [
      "with something else's id",
      { ...publicSubnetIds, "us-west-2b": "vpc-1a1b2c3d" },
      [
        'existingNetwork.publicSubnetIds.us-west-2b must be the id of a subnet, subnet-<hexadecimal>, got "vpc-1a1b2c3d": copy it from aws ec2 describe-subnets',
      ],
    ],
  ])("with public subnets %s", (_, subnetIds, expected) => {
    expect(sentences(onExistingNetwork({ ...existingVpc, publicSubnetIds: subnetIds }))).toEqual(expected);
  });

  test("with no zone more than its pods have: the pool may be in fewer than the network", () => {
    const { "us-west-2c": _, ...twoZones } = publicSubnetIds;
    const { general, ...others } = dev.nodePools;
    const nodePools = { general: { ...general, availabilityZones: Object.keys(twoZones) }, ...others };
    const existingNetwork = { ...existingVpc, publicSubnetIds: twoZones };
    const changes = { network: undefined, existingNetwork, nodePools } as unknown as Environment;
    expect(sentences(devWithIngress({}, changes))).toEqual([]);
  });

  test("with a certificate of another region, unless the region itself is wrong", () => {
    const certificateArn = "arn:aws:acm:us-east-1:111122223333:certificate/1";
    expect(sentences(devWithIngress({ certificateArn }))).toEqual([
      expect.stringMatching(/^services\.ingress\.certificateArn must be the ARN of a certificate in us-west-2, got /),
    ]);
    const wrong = { ...devWithIngress({ certificateArn }), region: "moon" };
    expect(sentences(wrong).filter((sentence) => /certificate/.test(sentence))).toEqual([]);
  });
});
