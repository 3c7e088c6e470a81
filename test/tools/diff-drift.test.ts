import { relevantDrift } from "../../tools/diff/drift.ts";
import type { Change, Plan, ResourceChange } from "../../tools/diff/plan.ts";

const resource = (address: string, actions: readonly string[], change: Partial<Change> = {}): ResourceChange => ({
  address,
  type: address.split(".")[0] ?? "",
  change: { actions, ...change },
});
const drifted = (plan: Partial<Plan>) =>
  relevantDrift({ format_version: "1.2", ...plan }).map(({ address }) => address);
const routes = resource("aws_route_table.private", ["update"], {
  before: { route: [] },
  after: { route: [{ cidr_block: "0.0.0.0/0" }] },
});
const retention = resource("aws_cloudwatch_log_group.cluster", ["update"], {
  before: { retention_in_days: 7, tags: {} },
  after: { retention_in_days: 30, tags: null },
});

describe("changes outside Terraform", () => {
  test("do not count if nothing reads them and the plan leaves them", () => {
    const other = resource("aws_eks_node_group.gpu", ["update"], { before: { a: 1 }, after: { a: 2 } });
    expect(drifted({ resource_drift: [routes, retention] })).toEqual([]);
    expect(drifted({ resource_drift: [routes, retention], resource_changes: [other] })).toEqual([]);
    expect(
      drifted({
        resource_drift: [routes],
        resource_changes: [resource("aws_route_table.private", ["no-op"])],
        relevant_attributes: [{ resource: "aws_route_table.private", attribute: ["id"] }],
      }),
    ).toEqual([]);
  });

  test("count if the plan takes them back, or changes the same attribute to something else", () => {
    for (const after of [7, 14]) {
      const change = { before: { retention_in_days: 30 }, after: { retention_in_days: after } };
      const planned = resource("aws_cloudwatch_log_group.cluster", ["update"], change);
      expect(drifted({ resource_drift: [routes, retention], resource_changes: [planned] })).toEqual([
        "aws_cloudwatch_log_group.cluster",
      ]);
    }
  });

  test("do not count for another attribute, an empty value of another kind, or a list that a replacement fills anew", () => {
    const tagged = {
      before: { retention_in_days: 30, tags: null },
      after: { retention_in_days: 30, tags: { a: "b" } },
    };
    const replaced = {
      before: { route: [{ cidr_block: "0.0.0.0/0" }] },
      after: {},
      after_unknown: { route: true },
    };
    expect(
      drifted({
        resource_drift: [routes, retention],
        resource_changes: [
          resource("aws_cloudwatch_log_group.cluster", ["update"], tagged),
          resource("aws_route_table.private", ["delete", "create"], replaced),
        ],
      }),
    ).toEqual([]);
  });

  test("count if a planned change reads the attribute, or a part of it", () => {
    const resource_drift = [routes];
    for (const attribute of [["route"], ["route", 0, "cidr_block"], []]) {
      const relevant_attributes = [{ resource: "aws_route_table.private", attribute }];
      expect(drifted({ resource_drift, relevant_attributes })).toEqual(["aws_route_table.private"]);
    }
    const relevant_attributes = [{ resource: "aws_route_table.public", attribute: ["route"] }];
    expect(drifted({ resource_drift, relevant_attributes })).toEqual([]);
  });

  test("count for a deleted resource that is created again, or that a change reads", () => {
    const deleted = resource("aws_iam_role.node", ["delete"], { before: { name: "node" }, after: null });
    const created = resource("aws_iam_role.node", ["create"], { before: null, after: { name: "node" } });
    expect(drifted({ resource_drift: [deleted], resource_changes: [created] })).toEqual(["aws_iam_role.node"]);
    expect(
      drifted({
        resource_drift: [deleted],
        relevant_attributes: [{ resource: "aws_iam_role.node", attribute: ["arn"] }],
      }),
    ).toEqual(["aws_iam_role.node"]);
    expect(drifted({ resource_drift: [deleted] })).toEqual([]);
  });
});
