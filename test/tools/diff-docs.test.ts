import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderMarkdown } from "../../tools/diff/markdown.ts";
import type { Report } from "../../tools/diff/outcome.ts";
import { jsonAfter, planRequest, planRole } from "../support/plan-role.ts";
import { isAllowed } from "../support/policy-simulation.ts";

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
    { stack: "dev-addons", notes: [], kind: "waits", upstream: "dev-platform" },
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

describe("the role that plans, in docs/pull-requests-setup.md", () => {
  const may = (action: string, resource = "*") => isAllowed(planRole(), planRequest(action, resource));

  test("only reads, and names every action", () => {
    const actions = planRole().flatMap((statement) => statement.actions);
    expect(actions.length).toBeGreaterThan(40);
    // All of them are about one bucket.
    expect(actions.filter((action) => action.includes("*"))).toEqual(["s3:GetBucket*"]);
    for (const action of actions) expect(action).toMatch(/^\w+:(Get|List|Describe|View)\w+\*?$/);
  });

  test.each([
    ["the state of its environment", "s3:GetObject", "arn:aws:s3:::my-terraform-state/dev/dev-platform.tfstate"],
    ["the names of states", "s3:ListBucket", "arn:aws:s3:::my-terraform-state"],
    ["the settings of the results bucket", "s3:GetBucketPolicy", "arn:aws:s3:::dev-results-20260101"],
    ["launch templates", "ec2:DescribeLaunchTemplateVersions", "*"],
  ])("reads %s", (_, action, resource) => {
    expect(may(action, resource)).toBe(true);
  });

  test.each([
    ["the state of another environment", "s3:GetObject", "arn:aws:s3:::my-terraform-state/prod/prod-platform.tfstate"],
    ["results", "s3:GetObject", "arn:aws:s3:::dev-results-20260101/runs/a/block"],
    ["another bucket", "s3:ListBucket", "arn:aws:s3:::payroll"],
    ["the settings of another bucket", "s3:GetBucketPolicy", "arn:aws:s3:::payroll"],
    ["the user data of an instance", "ec2:DescribeInstanceAttribute", "*"],
    ["the console of an instance", "ec2:GetConsoleOutput", "*"],
    ["secrets", "secretsmanager:GetSecretValue", "*"],
    ["parameters of SSM", "ssm:GetParameter", "*"],
    ["layers of an image", "ecr:GetDownloadUrlForLayer", "*"],
    ["images", "ecr:BatchGetImage", "*"],
    ["messages", "sqs:ReceiveMessage", "*"],
    ["logs", "logs:GetLogEvents", "*"],
  ])("does not read %s", (_, action, resource) => {
    expect(may(action, resource)).toBe(false);
  });

  test("reads launch templates of its region only", () => {
    const elsewhere = { action: "ec2:DescribeLaunchTemplateVersions", resource: "*" };
    expect(isAllowed(planRole(), { ...elsewhere, context: { "aws:RequestedRegion": "eu-west-1" } })).toBe(false);
  });
});

test("the roles of docs/pull-requests-setup.md trust one workflow each, and the deploying one only main", () => {
  const subject = "token.actions.githubusercontent.com:sub";
  const workflow = "OWNER/NAME/.github/workflows";
  const { Statement } = jsonAfter("the trust policy of the role that reads") as {
    readonly Statement: readonly { readonly Condition: { readonly StringLike: Readonly<Record<string, unknown>> } }[];
  };
  expect(Statement.map(({ Condition }) => Condition.StringLike[subject])).toEqual([
    [
      `repo:OWNER/NAME:pull_request:job_workflow_ref:${workflow}/plan.yml@refs/pull/*/merge`,
      `repo:OWNER/NAME:ref:refs/heads/main:job_workflow_ref:${workflow}/plan.yml@refs/heads/main`,
    ],
  ]);
  const deploying = jsonAfter("the condition of the role that deploys") as {
    readonly StringEquals: Readonly<Record<string, string>>;
  };
  expect(deploying.StringEquals[subject]).toBe(
    `repo:OWNER/NAME:environment:dev:job_workflow_ref:${workflow}/apply.yml@refs/heads/main`,
  );
});
