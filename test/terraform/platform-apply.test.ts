import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../stacks/config.ts";
import { dev } from "../../stacks/environments.ts";
import { devWith, prodForLowestProvider } from "../support/fixtures.ts";
import type { ResourceChange } from "../support/plan.ts";
import { Synthesized } from "../support/synthesized.ts";
import { readStackFile } from "../support/terraform.ts";
import { describeWithTerraform } from "../support/with-terraform.ts";

/** What AWS would have answered: the provider checks ARNs and ids, and an invented list is empty. */
const answers: Readonly<Record<string, object>> = {
  aws_iam_role: { arn: "arn:aws:iam::111122223333:role/mock" },
  aws_kms_key: { arn: "arn:aws:kms:us-west-2:111122223333:key/mock" },
  aws_cloudwatch_log_group: { arn: "arn:aws:logs:us-west-2:111122223333:log-group:mock" },
  aws_eks_cluster: { arn: "arn:aws:eks:us-west-2:111122223333:cluster/mock" },
  // OpenTofu wants every field of it.
  aws_eks_node_group: {
    resources: [{ autoscaling_groups: [{ name: "mock" }], remote_access_security_group_id: "" }],
  },
  aws_launch_template: { id: "lt-0123456789abcdef0", latest_version: 1 },
  aws_s3_bucket: { arn: "arn:aws:s3:::mock" },
};

const mocked = {
  mock_provider: {
    aws: { mock_resource: Object.entries(answers).map(([type, defaults]) => ({ [type]: { defaults } })) },
  },
  run: [{ everything: { command: "apply" } }, { once_more: { command: "plan" } }],
};

/** An environment that uses what dev and prod do not: a closed network with endpoints, a fixed pool, one zone. */
const closed = devWith({
  name: "closed",
  network: {
    cidrBlock: "10.0.0.0/16",
    natGateways: "none",
    interfaceEndpoints: ["ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "autoscaling", "ec2", "sqs", "logs"],
  },
  nodePools: {
    ...dev.nodePools,
    steady: {
      instanceTypes: ["c5.xlarge"],
      capacity: { mode: "fixed", min: 5, max: 5 },
      availabilityZones: ["us-west-2a"],
    },
  },
});

describeWithTerraform("terraform applies with a mocked provider", (workspace) => {
  test.each<[string, Environment]>([
    ["dev", dev],
    ["prod", prodForLowestProvider],
    ["closed", closed],
  ])("%s-platform, and then has nothing left to change", (_, environment) => {
    const folder = workspace().synthesize(environment);
    workspace().init(folder);
    writeFileSync(join(folder, "platform.tftest.json"), JSON.stringify(mocked));
    const events = workspace()
      .run(folder, "test", "-json", "-verbose", "-no-color")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));

    expect(events.find((event) => event.type === "test_summary")?.test_summary).toMatchObject({
      status: "pass",
      passed: 2,
      failed: 0,
    });
    const [again] = events.filter((event) => event.type === "test_plan");
    const changes: ResourceChange[] = again.test_plan.resource_changes;
    const { addresses } = new Synthesized(JSON.parse(readStackFile(folder)));
    expect(changes.map(({ address }) => address).sort()).toEqual(addresses);
    expect(changes.filter(({ change }) => String(change.actions) !== "no-op")).toEqual([]);
  });
});
