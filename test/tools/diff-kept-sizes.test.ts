import { keptSizes } from "../../tools/diff/kept-sizes.ts";
import type { Plan } from "../../tools/diff/plan.ts";

// biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax.
const group = (desired_size: unknown = "${var.initial-size_1}") => ({ scaling_config: { desired_size } });
const stack = (made = group()) => ({ json: JSON.stringify({ resource: { aws_eks_node_group: { executor: made } } }) });

/** A plan for a group with some nodes, whose maximum is or becomes 10. */
const plan = (actions: string[], nodes: number, begins = 0, address = "aws_eks_node_group.executor"): Plan => ({
  format_version: "1.2",
  resource_changes: [
    {
      address,
      type: address.split(".")[0] ?? "",
      change: {
        actions,
        before: actions[0] === "create" && actions.length === 1 ? null : scaling(nodes),
        after: actions.includes("create") || actions.includes("update") ? scaling(begins) : null,
      },
    },
  ],
});
const scaling = (desired_size: number) => ({ scaling_config: [{ desired_size, max_size: 10, min_size: 0 }] });

test.each<[string, Plan, string[]]>([
  ["the nodes that the old group has", plan(["create", "delete"], 8), ["-var=initial-size_1=8"]],
  ["the same if the old group goes first", plan(["delete", "create"], 8), ["-var=initial-size_1=8"]],
  ["its maximum, if the old group has more", plan(["create", "delete"], 30), ["-var=initial-size_1=10"]],
  ["its minimum, if the old group has fewer", plan(["create", "delete"], 1, 2), []],
  ["what the second plan already has", plan(["create", "delete"], 8, 8), []],
])("the new group of a replaced pool begins with %s", (_, planned, args) => {
  expect(keptSizes(planned, stack())).toEqual(args);
});

test.each<[string, Plan]>([
  ["stays", plan(["update"], 8)],
  ["is new", plan(["create"], 0)],
  ["goes", plan(["delete"], 8)],
  ["is no node group", plan(["create", "delete"], 8, 0, "aws_launch_template.executor")],
])("a group that %s needs no other plan", (_, planned) => {
  expect(keptSizes(planned, stack())).toEqual([]);
});

test("a pool of a fixed size, and a group of another program, begin with their own number", () => {
  expect(keptSizes(plan(["create", "delete"], 8), stack(group(5)))).toEqual([]);
  expect(keptSizes(plan(["create", "delete"], 8), { json: "{}" })).toEqual([]);
});
