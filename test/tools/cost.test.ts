import { dynamic, fromZero } from "../../constructs/pools/capacity.ts";
import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { type EnvironmentCost, environmentCost } from "../../tools/cost/environment-cost.ts";
import type { NodePoolFacts } from "../../tools/cost/machines.ts";
import { sweepCost } from "../../tools/cost/prediction.ts";
import { environmentReport } from "../../tools/cost/report.ts";
import { servicesRoom } from "../../tools/cost/services-room.ts";
import type { Resource } from "../../tools/cost/synthesized.ts";
import { costOf, resources, table } from "../support/costs.ts";
import { devWith, resolved } from "../support/fixtures.ts";
import { devWithIngress } from "../support/ingress.ts";

/** The amount of a line of the bill while nothing is computed. */
function idleOf(environment: Environment, item: string, changed = table): number | undefined {
  return costOf(environment, changed).monthly.lines.find((line) => line.item === item)?.idle.most;
}

test.each([dev, prod])(
  "every resource of our own environments has a price or is known to be free ($name)",
  (environment) => {
    expect(costOf(environment).monthly.notPriced).toEqual([]);
  },
);

test("a resource that nobody has looked at is named, and not counted as free", () => {
  const strange: Resource = { type: "aws_db_instance", name: "database", json: {} };
  const cost = environmentCost(resolved(dev), [...resources(dev), strange], table);
  expect(cost.monthly.notPriced).toEqual(["aws_db_instance"]);
  expect(environmentReport(cost)).toContain("not priced: aws_db_instance; add it to tools/cost/resource-types.ts");
  expect(cost.monthly.idle).toEqual(costOf(dev).monthly.idle);
});

test("a resource in another form is named, too", () => {
  const strange: Resource = {
    type: "aws_cloudwatch_log_group",
    name: "own",
    json: { retention_in_days: `\${var.days}` },
  };
  expect(environmentReport(environmentCost(resolved(dev), [...resources(dev), strange], table))).toContain(
    "not priced: the cost of control-plane logs is not known; prices are in stacks/prices/prices.json, and tools/cost/resource-types.ts reads resources",
  );
});

test("dev's idle bill is that of its resources, line by line", () => {
  const { monthly } = costOf(dev);
  const idle = Object.fromEntries(
    monthly.lines.filter((line) => line.idle.most > 0).map((line) => [line.item, line.idle.most]),
  );
  const byHand = {
    "EKS control plane": 730 * 0.1,
    "nodes of general": 2 * 730 * 0.0832,
    "root volumes of general": 2 * 50 * 0.08,
    "NAT gateways": 730 * 0.045,
    "public IPv4 addresses": 730 * 0.005,
    "KMS key": 1,
    "KMS requests": 0.03,
    // Each GB is billed in the zone that it leaves and in the one where it arrives.
    "data between zones": 20 * 2 * 0.01,
    "data through NAT gateways": 5 * 0.045,
    "control-plane logs": 15 * (0.5 + (7 / 30) * 0.03),
    "images in ECR": 0.1,
    "results in S3": 0.023,
  };
  expect(Object.keys(idle).sort()).toEqual(Object.keys(byHand).sort());
  for (const [item, usd] of Object.entries(byHand)) expect([item, idle[item]]).toEqual([item, expect.closeTo(usd, 6)]);
  expect(monthly.idle.most).toBeCloseTo(
    Object.values(byHand).reduce((sum, usd) => sum + usd),
    6,
  );
  expect(monthly.lines[0]?.item).toBe("nodes of general");
});

test("an entry from outside costs a load balancer, and a public address in each zone unless it is internal", () => {
  const open = devWithIngress();
  expect(costOf(open).monthly.notPriced).toEqual([]);
  const difference = costOf(open).monthly.idle.most - costOf(dev).monthly.idle.most;
  expect(difference).toBeCloseTo(730 * 0.0225 + 3 * 730 * 0.005, 6);
  const line = costOf(open).monthly.lines.find(({ item }) => item === "load balancer");
  expect(line?.maximum.most).toBeCloseTo(730 * (0.0225 + 0.008), 6);
  const internal = devWithIngress({ scheme: "internal", allowedCidrs: ["10.0.0.0/8"] });
  expect(idleOf(internal, "load balancer")).toBeCloseTo(730 * 0.0225, 6);
  expect(idleOf(internal, "public IPv4 addresses of the load balancer")).toBeUndefined();
  // The controller's two pods are beside the others on the nodes that are always on.
  expect(servicesRoom(resolved(open))?.text).toContain("the other programs of the platform for 820m");
  expect(servicesRoom(resolved({ ...open, services: {} }))?.text).toContain(
    "the other programs of the platform for 620m",
  );
});

test("at most is every pool at its maximum: on-demand pools by their price, spot pools up to it", () => {
  const maximum = (environment: Environment, item: string) =>
    costOf(environment).monthly.lines.find((line) => line.item === item)?.maximum;
  const executor = maximum(prod, "nodes of executor");
  // The cheapest of the four types is c5a.2xlarge, the most expensive c5d.2xlarge.
  expect(executor?.least).toBeCloseTo(50 * 730 * 0.3 * 0.308, 6);
  expect(executor?.most).toBeCloseTo(50 * 730 * 0.384, 6);
  expect(maximum(prod, "nodes of gpu")?.least).toBeCloseTo(5 * 730 * 0.526, 6);
  expect(maximum(prod, "nodes of gpu")?.most).toBeCloseTo(5 * 730 * 0.526, 6);
  // Two busy vCPUs, of which 0.6 are the baseline's.
  expect(maximum(prod, "CPU credits of general")?.most).toBeCloseTo(10 * 730 * (2 - 0.6) * 0.05, 6);
});

test("the worst bill of an on-demand pool is that of its dearest type", () => {
  const { general } = dev.nodePools;
  const mixed = devWith({
    nodePools: { ...dev.nodePools, general: { ...general, instanceTypes: ["t3a.large", "t3.large", "m5.large"] } },
  });
  const line = costOf(mixed).monthly.lines.find(({ item }) => item === "nodes of general");
  expect(line?.idle.least).toBeCloseTo(2 * 730 * 0.0752, 6);
  expect(line?.maximum.most).toBeCloseTo(4 * 730 * 0.096, 6);
});

test("a pool of burstable and other types may pay for credits or not, in any order", () => {
  const small = dev.nodePools["executor-small"];
  const cost = (...instanceTypes: [string, ...string[]]) =>
    costOf(devWith({ nodePools: { ...dev.nodePools, "executor-small": { ...small, instanceTypes } } }));
  const credits = (found: EnvironmentCost) =>
    found.monthly.lines.find(({ item }) => item === "CPU credits of executor-small")?.maximum;
  for (const mixed of [cost("m5.large", "t3.large"), cost("t3.large", "m5.large")]) {
    expect(credits(mixed)?.least).toBe(0);
    expect(credits(mixed)?.most).toBeCloseTo(3 * 730 * (2 - 0.6) * 0.05, 6);
    const [node] = mixed.pools.filter(({ name }) => name === "executor-small") as [NodePoolFacts];
    const { onDemandUsd, spotUsd, volumesUsd } = sweepCost(node, 3600, 2 * 3600);
    const isFirst = node.instanceTypes[0] === "t3.large";
    expect(onDemandUsd - volumesUsd).toBeCloseTo(isFirst ? 0.0832 + 1.4 * 0.05 : 0.096, 6);
    expect(spotUsd.least - volumesUsd).toBeCloseTo(0.3 * 0.0832, 6);
    expect(spotUsd.most - volumesUsd).toBeCloseTo(0.096 + 1.4 * 0.05, 6);
  }
  expect(credits(cost("m5.large"))).toBeUndefined();
});

test("machines with Graviton have their own prices, cores and credits", () => {
  const { general, executor } = dev.nodePools;
  const arm = devWith({
    nodePools: {
      ...dev.nodePools,
      general: { ...general, instanceTypes: ["t4g.large"], capacity: dynamic(2, 4) },
      executor: { ...executor, instanceTypes: ["c7g.2xlarge", "c6g.2xlarge"], capacity: fromZero(10) },
    },
  });
  const { pools, monthly } = costOf(arm);
  expect(pools.find(({ name }) => name === "executor")).toMatchObject({ vCpus: 8, cores: 8, onDemandUsdPerHour: 0.29 });
  expect(costOf(dev).pools.find(({ name }) => name === "executor")).toMatchObject({ vCpus: 8, cores: 4 });
  expect(monthly.lines.find(({ item }) => item === "nodes of general")?.idle.most).toBeCloseTo(2 * 730 * 0.0672, 6);
  // Two busy vCPUs, of which 0.6 are the baseline's; t4g's credits cost less than t3's.
  const credits = monthly.lines.find(({ item }) => item === "CPU credits of general");
  expect(credits?.maximum.most).toBeCloseTo(4 * 730 * (2 - 0.6) * 0.04, 6);
});

test("at most, all nodes beside those that are always on are busy: traffic, requests, and a key that was rotated", () => {
  const maximum = (item: string) => costOf(dev).monthly.lines.find((line) => line.item === item)?.maximum.most;
  // Of general two more, and 10 c5.2xlarge, 3 t3.large, 3 c5.4xlarge and a g4dn.xlarge.
  const nodeHours = (2 + 10 + 3 + 3 + 1) * 730;
  expect(maximum("data through NAT gateways")).toBeCloseTo((5 + 0.01 * nodeHours) * 0.045, 6);
  expect(maximum("data between zones")).toBeCloseTo((20 + 0.02 * nodeHours) * 0.02, 6);
  const vCpuHours = (2 * 2 + 10 * 8 + 3 * 2 + 3 * 16 + 4) * 730;
  expect(maximum("requests to S3")).toBeCloseTo(((vCpuHours * 360) / 1000) * 0.005, 6);
  expect(maximum("KMS key")).toBe(3);
});

test("a spot price that somebody has looked up takes the place of the assumption, and can still rise to the on-demand price", () => {
  const usWest = table.regions["us-west-2"];
  if (usWest === undefined) throw new Error("the table has us-west-2");
  const seen = { onDemand: 0.526, spot: { least: 0.2, most: 0.21, date: "2026-11-20" } };
  const usdPerHour = { ...usWest.instances.usdPerHour, "g4dn.xlarge": seen };
  const regions = { "us-west-2": { ...usWest, instances: { ...usWest.instances, usdPerHour } } };
  const { pools } = costOf(dev, { ...table, regions });
  expect(pools.find(({ name }) => name === "gpu")?.spotUsdPerHour).toEqual({ least: 0.2, most: 0.526 });
});

test("NAT gateways, addresses and interface endpoints are counted where they are", () => {
  expect(idleOf(prod, "NAT gateways")).toBeCloseTo(3 * 730 * 0.045, 6);
  expect(idleOf(prod, "public IPv4 addresses")).toBeCloseTo(3 * 730 * 0.005, 6);
  expect(idleOf(prod, "interface endpoints, in each zone")).toBeUndefined();
  const services = ["ecr.api", "ecr.dkr"] as const;
  const withEndpoints = devWith({
    network: { cidrBlock: "10.0.0.0/16", natGateways: "single", interfaceEndpoints: services },
  });
  expect(idleOf(withEndpoints, "interface endpoints, in each zone")).toBeCloseTo(2 * 3 * 730 * 0.01, 6);
  expect(idleOf(withEndpoints, "data through interface endpoints")).toBeCloseTo(5 * 0.01, 6);
  expect(costOf(withEndpoints).monthly.notPriced).toEqual([]);
  expect(idleOf(prod, "VPC flow logs")).toBeCloseTo(5 * (0.5 + 3 * 0.03), 6);
  expect(idleOf(dev, "VPC flow logs")).toBeUndefined();
});

describe("the control plane", () => {
  const later = { ...table, date: "2027-04-01" };
  const line = (support: "STANDARD" | "EXTENDED", changed = table) => {
    const all = resources(dev).map((resource) =>
      resource.type === "aws_eks_cluster"
        ? { ...resource, json: { ...resource.json, upgrade_policy: { support_type: support } } }
        : resource,
    );
    return environmentCost(resolved(dev), all, changed).monthly.lines.find(({ item }) => item === "EKS control plane");
  };

  test("costs 10 cents an hour while its minor has standard support, and the note says until when", () => {
    expect(line("STANDARD")?.idle.most).toBeCloseTo(73, 6);
    expect(line("STANDARD")?.note).toBe(
      "Kubernetes 1.35: standard support until 2027-03-27, then EKS upgrades the cluster.",
    );
    expect(line("EXTENDED")?.note).toContain("then it costs $0.6 an hour");
  });

  test("costs six times as much afterwards, unless EKS upgrades it instead", () => {
    expect(line("EXTENDED", later)?.idle.most).toBeCloseTo(6 * 73, 6);
    expect(line("STANDARD", later)?.idle.most).toBeCloseTo(73, 6);
  });
});
