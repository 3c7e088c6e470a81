import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderMarkdown } from "../../tools/diff/markdown.ts";
import type { Report } from "../../tools/diff/outcome.ts";
import { waiting } from "../../tools/diff/plan-stack.ts";

const nodeGroup = "aws_eks_node_group.pool-executor_node-group_223843DA";
const report: Report = {
  subject: "dev",
  remarks: [],
  outcomes: [
    {
      stack: "dev-platform",
      notes: [],
      kind: "planned",
      plan: {
        format_version: "1.2",
        resource_changes: [
          {
            address: nodeGroup,
            type: "aws_eks_node_group",
            change: {
              actions: ["create", "delete"],
              before: { instance_types: ["c5.2xlarge"] },
              after: { instance_types: ["c6i.2xlarge"] },
              replace_paths: [["instance_types"]],
            },
          },
          {
            address: "aws_ecr_lifecycle_policy.registry",
            type: "aws_ecr_lifecycle_policy",
            change: { actions: ["update"] },
          },
        ],
      },
      text: `Terraform will perform the following actions:

  # ${nodeGroup} must be replaced
+/- resource "aws_eks_node_group" "pool-executor_node-group_223843DA" {
      ~ instance_types = [ # forces replacement
          ~ "c5.2xlarge" -> "c6i.2xlarge",
        ]
        # (21 unchanged attributes hidden)
    }

Plan: 1 to add, 1 to change, 1 to destroy.`,
    },
    waiting("dev-addons", "dev-platform"),
    {
      stack: "dev-image",
      notes: [],
      kind: "planned",
      plan: { format_version: "1.2", resource_changes: [] },
      text: "No changes.",
    },
    {
      stack: "dev-workload",
      notes: ["planned from the state alone, without asking the cluster or AWS"],
      kind: "planned",
      plan: { format_version: "1.2", resource_changes: [] },
      text: "No changes.",
    },
  ],
};

test("docs/pull-requests.md shows what the comment looks like", () => {
  const docs = readFileSync(join(__dirname, "../../docs/pull-requests.md"), "utf8");
  const [, shown] = /````markdown\n([\s\S]*?)````/.exec(docs) ?? [];
  expect(shown).toBe(renderMarkdown(report, { limit: 65_000, whole: "" }));
});

test("the trust policy and the permissions in docs/pull-requests.md are JSON, and never allow everything", () => {
  const docs = readFileSync(join(__dirname, "../../docs/pull-requests.md"), "utf8");
  const policies = [...docs.matchAll(/```json\n(\{[\s\S]*?)```/g)].map(([, policy = ""]) => JSON.parse(policy));
  expect(policies).toHaveLength(2);
  const actions = policies.flatMap(({ Statement }) =>
    Statement.flatMap(({ Action }: { Action: string | string[] }) => Action),
  );
  expect(actions.length).toBeGreaterThan(20);
  for (const action of actions)
    expect(action).toMatch(/^\w+:(Get|List|Describe|View|AssumeRoleWithWebIdentity)\w*\*?$/);
});
