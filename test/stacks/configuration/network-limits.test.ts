import { dynamic, fromZero } from "../../../constructs/pools/capacity.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { variablePrefix } from "../../../stacks/configuration/loader.ts";
import { devWith, existingVpc, problemsOf } from "../../support/fixtures.ts";

const paths = (changes: Parameters<typeof devWith>[0]) =>
  problemsOf(devWith(changes)).map(({ path }) => path.join("."));
const existing = (changes: object) => paths({ network: undefined, existingNetwork: { ...existingVpc, ...changes } });

test.each(["vpc-0123456789abcdef01", "x-vpc-01234567", "vpc-01234567x", "vpc-0123456", "vpc-0123456G"])(
  "a VPC's id may not be %s",
  (vpcId) => {
    expect(existing({ vpcId })).toEqual(["existingNetwork.vpcId"]);
  },
);

test.each(["vpc-01234567", "vpc-0123456789abcdef0"])("a VPC's id may be %s", (vpcId) => {
  expect(existing({ vpcId })).toEqual([]);
});

test.each(["x-subnet-01234567", "subnet-01234567x", "subnet-0123456"])("a subnet's id may not be %s", (id) => {
  const [zone = ""] = Object.keys(existingVpc.privateSubnetIds);
  const privateSubnetIds = { ...existingVpc.privateSubnetIds, [zone]: id };
  expect(existing({ privateSubnetIds })).toEqual([`existingNetwork.privateSubnetIds.${zone}`]);
});

test("subnets may be in any order, and must be in each zone", () => {
  const reversed = Object.entries(existingVpc.privateSubnetIds).reverse();
  expect(existing({ privateSubnetIds: Object.fromEntries(reversed) })).toEqual([]);
  expect(
    paths({
      network: undefined,
      existingNetwork: existingVpc,
      availabilityZones: [...dev.availabilityZones].reverse(),
    }),
  ).toEqual([]);
  expect(existing({ privateSubnetIds: {} })).toEqual(["existingNetwork.privateSubnetIds"]);
  const none = problemsOf(devWith({ network: undefined, existingNetwork: { ...existingVpc, privateSubnetIds: {} } }));
  expect(none.map(({ got }) => got)).toEqual(["subnets in no zone"]);
});

test.each(["xus-west-2", "us-west-2x", "us-west-22", "us-west", "cn-north-1"])("a region may not be %s", (region) => {
  expect(paths({ region })).toContain("region");
});

test.each(["us-west-2aa", "us-west-2A", "us-west-2", "us-west-2-lax-1a"])("a zone may not be %s", (zone) => {
  expect(paths({ availabilityZones: ["us-west-2a", "us-west-2b", zone] })).toContain("availabilityZones.2");
});

test("a block may have exactly the addresses that all nodes need", () => {
  // The two private subnets of a /20 have 507 addresses each. A t3.large takes 24 addresses, and an m5.xlarge 30.
  const nodePools = (others: number) => ({
    general: { instanceTypes: ["t3.large"], capacity: dynamic(1, 41) },
    other: { instanceTypes: ["m5.xlarge"], capacity: fromZero(others) },
  });
  const problems = (others: number) =>
    paths({
      availabilityZones: ["us-west-2a", "us-west-2b"],
      cluster: { ...dev.cluster, availabilityZones: ["us-west-2a", "us-west-2b"] },
      network: { cidrBlock: "10.0.0.0/20" },
      workload: { namespace: "sweep", jobs: [] },
      nodePools: nodePools(others),
    });
  expect(problems(1)).toEqual([]);
  expect(problems(2)).toEqual(["network.cidrBlock"]);
});

test("a pool without zones is named, and asks for no addresses", () => {
  const executor = { instanceTypes: ["c5.2xlarge"], capacity: fromZero(1), availabilityZones: [] };
  const problems = problemsOf(devWith({ nodePools: { ...dev.nodePools, executor } }));
  expect(problems.filter(({ path }) => path[0] !== "workload").map(describeProblem)).toEqual([
    "nodePools.executor.availabilityZones must be a list of at least one zone, got []: name a zone, or remove the property for the zones of the cluster",
  ]);
});

test("the variables of an environment have names that shells accept", () => {
  expect([variablePrefix("dev"), variablePrefix("team-a2.b")]).toEqual(["PLATFORM_DEV", "PLATFORM_TEAM_A2_B"]);
});
