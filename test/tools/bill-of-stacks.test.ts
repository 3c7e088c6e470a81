import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { billOf } from "../../tools/cost/bill-of-stacks.ts";
import { environmentCost } from "../../tools/cost/environment-cost.ts";
import { readPrices } from "../../tools/cost/price-table.ts";
import { resourcesOf } from "../../tools/cost/synthesized.ts";
import { devWithExecutors } from "../support/executors.ts";
import { resolved } from "../support/fixtures.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const table = readPrices();

/** The stacks of an environment as the tool for diffs has them. */
function stacksOf(environment: Environment) {
  return Object.entries(synthesizeEnvironment(environment)).map(([name, { json }]) => ({
    id: `${environment.name}-${name}`,
    json: JSON.stringify(json),
  }));
}

const ofDev = stacksOf(dev);

test.each([
  ["dev", dev],
  ["prod", prod],
  ["dev with executors", devWithExecutors],
])("the stacks of %s alone have the bill of npm run cost", (_, environment) => {
  const stacks = stacksOf(environment);
  const resources = stacks.flatMap(({ json }) => resourcesOf(JSON.parse(json)));
  const { idle, maximum } = environmentCost(resolved(environment), resources, table).monthly;
  expect(billOf(environment.name, stacks, table)).toEqual({ idle, maximum, lacks: [] });
  expect(maximum.most).toBeGreaterThan(idle.most);
});

test("the stacks of other environments do not count", () => {
  const others = ofDev.map(({ id, json }) => ({ id: id.replace("dev-", "devil-"), json }));
  expect(billOf("dev", [...ofDev, ...others], table)).toEqual(billOf("dev", ofDev, table));
});

test("each stack has its part of the bill", () => {
  const all = billOf("dev", ofDev, table);
  const each = ofDev.map((stack) => billOf("dev", [stack], table));
  expect(each.flatMap(({ lacks }) => lacks)).toEqual([]);
  expect(each.reduce((sum, { idle }) => sum + idle.most, 0)).toBeCloseTo(all.idle.most, 9);
  const [scaled] = stacksOf(devWithExecutors).filter(({ id }) => id === "dev-workload");
  // KEDA reads the queues of two sizes, and the workload's stack takes the region from its other providers.
  const reads = (730 * 3600) / 15 / 1_000_000;
  expect(billOf("dev", scaled === undefined ? [] : [scaled], table).idle.most).toBeCloseTo(2 * reads * 0.4, 9);
});

test("stacks of an older commit, without the hints for the autoscaler, have the same bill", () => {
  const older = ofDev.map(({ id, json }) => ({
    id,
    json: json.replaceAll("cluster-autoscaler/node-template/resources/cpu", "something-else"),
  }));
  expect(older).not.toEqual(ofDev);
  expect(billOf("dev", older, table)).toEqual(billOf("dev", ofDev, table));
});

test("a node group that somebody has added has a bill, too", () => {
  const bill = (group: object) => {
    const json = { provider: { aws: [{ region: "us-west-2" }] }, resource: { aws_eks_node_group: { own: group } } };
    return billOf("dev", [{ id: "dev-own", json: JSON.stringify(json) }], table);
  };
  const own = { instance_types: ["m5.large"], scaling_config: { min_size: 1, max_size: 2 } };
  // EKS gives a node 20 GiB.
  expect(bill(own).idle.most).toBeCloseTo(730 * 0.096 + 20 * 0.08, 6);
  expect(bill({ ...own, disk_size: 50 }).maximum.most).toBeCloseTo(2 * (730 * 0.096 + 50 * 0.08), 6);
  expect(bill({ ...own, node_group_name: "mine", scaling_config: { min_size: 1, max_size: `\${var.max}` } })).toEqual({
    idle: { least: 0, most: 0 },
    maximum: { least: 0, most: 0 },
    lacks: ["the cost of nodes of mine is not known", "the cost of root volumes of mine is not known"],
  });
});

describe("a price that is missing is named, and the rest is summed", () => {
  const whole = billOf("dev", ofDev, table);

  test("for a region", () => {
    const elsewhere = ofDev.map(({ id, json }) => ({ id, json: json.replaceAll("us-west-2", "eu-central-1") }));
    const nothing = { least: 0, most: 0 };
    const lacks = ["the region eu-central-1 has no prices"];
    expect(billOf("dev", elsewhere, table)).toEqual({ idle: nothing, maximum: nothing, lacks });
  });

  test("for one of the types of a pool", () => {
    const changed = ofDev.map(({ id, json }) => ({ id, json: json.replaceAll('"c5d.2xlarge"', '"c9x.2xlarge"') }));
    const bill = billOf("dev", changed, table);
    expect(bill.lacks).toEqual(["the type c9x.2xlarge of the pool executor has no price"]);
    expect(bill.idle).toEqual(whole.idle);
    // The dearest type of the pool is now c5.2xlarge.
    expect(whole.maximum.most - bill.maximum.most).toBeCloseTo(10 * 730 * (0.384 - 0.34), 6);
  });

  test("for all types of a pool", () => {
    const changed = ofDev.map(({ id, json }) => ({ id, json: json.replaceAll('"g4dn.xlarge"', '"g9.xlarge"') }));
    const bill = billOf("dev", changed, table);
    expect(bill.lacks).toEqual(["the type g9.xlarge of the pool gpu has no price"]);
    expect(whole.maximum.most - bill.maximum.most).toBeCloseTo(730 * (0.526 + (100 * 0.08) / 730), 6);
  });

  test("for resources without a region", () => {
    const nowhere = ofDev.map(({ id, json }) => ({ id, json: JSON.stringify({ ...JSON.parse(json), provider: {} }) }));
    expect(billOf("dev", nowhere, table).lacks).toEqual(["the region of the resources is not known"]);
  });

  test("for a resource of another form", () => {
    const json = JSON.stringify({ resource: { helm_release: { keda: { chart: "keda", values: ["replicas: 2"] } } } });
    const bill = billOf("dev", [...ofDev, { id: "dev-charts", json }], table);
    expect(bill).toEqual({
      ...whole,
      lacks: [expect.stringMatching(/^the cost of helm_release is not known: .*JSON/)],
    });
  });

  test("for a resource of another type", () => {
    const database = { id: "dev-database", json: JSON.stringify({ resource: { aws_db_instance: { one: {} } } }) };
    expect(billOf("dev", [...ofDev, database], table)).toEqual({
      ...whole,
      lacks: ["the resource type aws_db_instance is not known"],
    });
  });
});
