import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith, prodForLowestProvider } from "../support/fixtures.ts";
import { mockedApply } from "../support/mocked-provider.ts";
import type { ResourceChange } from "../support/plan.ts";
import { Synthesized } from "../support/synthesized.ts";
import { readStackFile } from "../support/terraform.ts";
import { describeWithTerraform } from "../support/with-terraform.ts";

/** An environment that uses what dev and prod do not: endpoints, a zone for nodes alone, a fixed pool, a pool in one zone. */
const varied = devWith({
  name: "varied",
  availabilityZones: [...dev.availabilityZones, "us-west-2d"],
  network: {
    cidrBlock: "10.0.0.0/16",
    interfaceEndpoints: ["ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "autoscaling", "ec2", "sqs", "logs"],
  },
  nodePools: {
    ...dev.nodePools,
    steady: {
      instanceTypes: ["c5.xlarge"],
      capacity: { mode: "fixed", min: 5, max: 5 },
      availabilityZones: ["us-west-2d"],
    },
  },
});

describeWithTerraform("terraform applies with a mocked provider", (workspace) => {
  test.each<[string, Environment]>([
    ["dev", dev],
    ["prod", prodForLowestProvider],
    ["varied", varied],
  ])("%s-platform, and then has nothing left to change", (_, environment) => {
    const folder = workspace().synthesize(environment);
    workspace().init(folder);
    writeFileSync(join(folder, "platform.tftest.json"), JSON.stringify(mockedApply));
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
