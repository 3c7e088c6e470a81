import type { TerraformResource } from "cdktf";
import * as library from "evaluation-platform-constructs";
import { executorsProps } from "../support/executors.ts";
import { testNetwork } from "../support/fixtures.ts";
import { synthesize } from "../support/synthesized.ts";

const {
  BudgetAlarm,
  Cluster,
  ClusterAutoscaler,
  ContainerRegistry,
  dynamic,
  Executors,
  ExecutorScaling,
  FlowLogs,
  Keda,
  Network,
  NodeAddons,
  NodeGroup,
  NodePool,
  NodeRole,
  NvidiaDevicePlugin,
  PodIdentityRole,
  ResultsBucket,
  VpcEndpoints,
  WorkloadAddons,
  WorkQueue,
} = library;

describe("the constructs as a library", () => {
  test("give access to their underlying resources, for arguments without an option", () => {
    const resources = new Map<string, TerraformResource>();
    const made = synthesize((stack) => {
      const cluster = new Cluster(stack, "cluster", {
        name: "test",
        region: "us-west-2",
        accountId: "111122223333",
        kubernetesVersion: "1.35",
        availabilityZones: ["us-west-2a", "us-west-2b"],
        network: testNetwork,
        administrators: {},
      });
      const gpu = new NodePool({ name: "gpu", instanceTypes: ["g5.xlarge"], capacity: dynamic(1, 2), gpu: true });
      const nodeRole = new NodeRole(stack, "node-role", { name: "test", cluster });
      const identity = new PodIdentityRole(stack, "identity", {
        cluster,
        name: "test",
        namespace: "test",
        serviceAccount: "test",
        description: "Test",
      });
      const nodeAddons = new NodeAddons(stack, "node-addons", { cluster, name: "test" });
      const nodes = new NodeGroup(stack, "nodes", {
        cluster,
        network: testNetwork,
        nodeRole,
        pool: gpu,
        instanceTags: {},
        dependsOn: nodeAddons.dependables,
      });
      const workloadAddons = new WorkloadAddons(stack, "workload-addons", {
        cluster,
        name: "test",
        volumeTags: {},
        dependsOn: nodes.dependables,
      });
      const vpc = {
        name: "test",
        vpcId: "vpc-1",
        region: "us-west-2",
        vpcCidrBlock: "10.0.0.0/16",
        routeTableIds: [],
        subnetIds: [],
        interfaceEndpoints: [],
      };
      const pools = { nodePools: [gpu], runsOn: gpu };
      const queue = new WorkQueue(stack, "queue", { name: "test" });
      const executors = new Executors(stack, "executors", executorsProps({ queue }));
      const constructs = [
        cluster,
        nodeRole,
        identity,
        nodes,
        { resource: nodes.launchTemplate },
        { resource: nodeAddons.resources["vpc-cni"] },
        { resource: workloadAddons.resources.coredns },
        new Network(stack, "network", {
          name: "test",
          region: "us-west-2",
          accountId: "111122223333",
          availabilityZones: ["us-west-2a", "us-west-2b"],
          cidrBlock: "10.0.0.0/16",
        }),
        new VpcEndpoints(stack, "endpoints", vpc),
        new FlowLogs(stack, "flow-logs", {
          name: "test",
          accountId: "111122223333",
          vpcId: "vpc-1",
          retentionInDays: 1,
        }),
        new ResultsBucket(stack, "results", { name: "test" }),
        new ContainerRegistry(stack, "registry", { name: "test" }),
        new BudgetAlarm(stack, "budget", { name: "test", limitUsdPerMonth: 1, notifyEmails: ["a@b.co"] }),
        new ClusterAutoscaler(stack, "autoscaler", { cluster, identity, ...pools }),
        new NvidiaDevicePlugin(stack, "plugin", { gpuPools: [gpu] }),
        new Keda(stack, "keda", { identity: library.kedaOperator, runsOn: gpu, workloadNamespace: "test" }),
        queue,
        { resource: queue.deadLetterResource },
        executors,
        new ExecutorScaling(stack, "scaling", {
          executors,
          queue,
          namespace: "test",
          region: "us-west-2",
          dependsOn: [executors.resource],
        }),
      ];
      for (const { resource } of constructs) {
        resource.addOverride("an_argument_of", resource.node.path);
        resources.set(`${resource.terraformResourceType}.${resource.friendlyUniqueId}`, resource);
      }
    });
    const overridden = [...made.resources].filter(([, resource]) => resource.an_argument_of !== undefined);
    expect(overridden.map(([address]) => address).sort()).toEqual([...resources.keys()].sort());
    expect([...resources.values()].map((resource) => resource.terraformResourceType)).toEqual([
      "aws_eks_cluster",
      "aws_iam_role",
      "aws_iam_role",
      "aws_eks_node_group",
      "aws_launch_template",
      "aws_eks_addon",
      "aws_eks_addon",
      "aws_vpc",
      "aws_vpc_endpoint",
      "aws_flow_log",
      "aws_s3_bucket",
      "aws_ecr_repository",
      "aws_budgets_budget",
      "helm_release",
      "helm_release",
      "helm_release",
      "aws_sqs_queue",
      "aws_sqs_queue",
      "kubernetes_deployment_v1",
      "helm_release",
    ]);
  });

  test.each(["parseCidr", "show", "within", "chartRelease", "policyDocument", "TerraformData"])(
    "do not export %s",
    (name) => {
      expect(library).not.toHaveProperty(name);
    },
  );
});
