import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { NodeAddons, WorkloadAddons } from "../../constructs/cluster/cluster-addons.ts";
import { NodeGroup } from "../../constructs/pools/node-group.ts";
import { NodeRole } from "../../constructs/pools/node-role.ts";
import { terraformText } from "../../constructs/support/terraform-text.ts";
import { WorkerJob } from "../../constructs/workload/worker-job.ts";
import { terraformProgram } from "../../tools/support/terraform.ts";
import { testCluster, testNetwork } from "../support/fixtures.ts";
import { terraformEnvironment } from "../support/mirror.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { synthesize } from "../support/synthesized.ts";
import { hasTerraform } from "../support/with-terraform.ts";
import { jobProps, pool } from "../support/workload.ts";

const directory = temporaryDirectory();
const testWithTerraform = hasTerraform("texts of users in Terraform") ? test : test.skip;

/** The values of outputs as Terraform evaluates and prints them. */
function printed(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const output = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value }]));
  writeFileSync(join(directory, "terraform.rc"), "");
  writeFileSync(join(directory, "main.tf.json"), JSON.stringify({ output }));
  const run = (...args: string[]) => {
    const env = terraformEnvironment({ TF_CLI_CONFIG_FILE: join(directory, "terraform.rc") });
    const { status, stdout, stderr } = spawnSync(terraformProgram(), args, { cwd: directory, env, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  };
  run("init", "-input=false", "-no-color");
  run("apply", "-auto-approve", "-input=false", "-no-color");
  const values: Record<string, { value: unknown }> = JSON.parse(run("output", "-json"));
  return Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
}

const command = `sh -c 'printf "%s%%{x} %{if true}" "\${HOME}" "$\${a}" "$$\${b}" '`;

testWithTerraform(
  "Terraform prints the texts of a user as they are: a command, tags of machines and of volumes",
  () => {
    const tags = { [command]: command };
    const stack = synthesize((scope) => {
      new WorkerJob(scope, "job", jobProps({ evaluationCommand: command }));
      const addonVersions = {};
      const addons = new NodeAddons(scope, "addons", { cluster: testCluster, addonVersions, name: "a" });
      new WorkloadAddons(addons, "Default", {
        cluster: testCluster,
        addonVersions,
        name: "a",
        volumeTags: tags,
        dependsOn: [],
      });
      new NodeGroup(scope, "pool", {
        cluster: testCluster,
        network: testNetwork,
        nodeRole: new NodeRole(scope, "node-role", { name: "test", cluster: testCluster }),
        pool: pool("executor"),
        instanceTags: tags,
        dependsOn: [],
      });
    });
    const driver = stack.all("aws_eks_addon").find(({ addon_name }) => addon_name === "aws-ebs-csi-driver");
    const { variables, machine, volumes } = printed({
      variables: stack.one("kubernetes_config_map_v1").data,
      machine: stack.one("aws_launch_template").tag_specifications[0].tags,
      volumes: driver?.configuration_values,
    });
    expect(variables).toMatchObject({ EVALUATION_COMMAND: command });
    expect(machine).toMatchObject(tags);
    expect(JSON.parse(String(volumes))).toEqual({ controller: { extraVolumeTags: tags } });
  },
);

testWithTerraform("Terraform prints any text of the signs that mean something to it as it is", () => {
  const texts = fc.sample(fc.string({ unit: fc.constantFrom("$", "%", "{", "}", "~", "a", "\\", '"', "\n") }), {
    numRuns: 500,
    seed: 11,
  });
  expect(texts.filter((text) => /\$\$\{|%%\{/.test(text)).length).toBeGreaterThan(3);
  expect(printed({ texts: texts.map(terraformText) })).toEqual({ texts });
});
