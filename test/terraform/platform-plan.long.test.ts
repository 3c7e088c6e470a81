import { dynamic, fromZero } from "../../constructs/pools/capacity.ts";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { existingVpc, prodForLowestProvider } from "../support/fixtures.ts";
import { devWithIngress, publicSubnetIds } from "../support/ingress.ts";
import { differencesOf, normalized, type Plan } from "../support/plan.ts";
import { Synthesized } from "../support/synthesized.ts";
import { readStackFile } from "../support/terraform.ts";
import { describeWithTerraform } from "../support/with-terraform.ts";

const planned: readonly Environment[] = [dev, prodForLowestProvider];

describeWithTerraform("terraform plans", (workspace) => {
  test("validates a group of each image: x86_64 and ARM, with and without GPU", () => {
    const pool = (type: string, gpu = false) => ({ instanceTypes: [type], capacity: fromZero(1), gpu });
    const nodePools = {
      general: { instanceTypes: ["t4g.large"], capacity: dynamic(2, 4) },
      x86: pool("c5.2xlarge"),
      gpu: pool("g4dn.xlarge", true),
      "gpu-arm": pool("g5g.xlarge", true),
    };
    const folder = workspace().synthesize({ ...dev, nodePools, workload: { namespace: "sweep", jobs: [] } });
    const groups = new Synthesized(JSON.parse(readStackFile(folder))).all("aws_eks_node_group");
    expect(groups.map(({ ami_type }) => ami_type).sort()).toEqual([
      "AL2023_ARM_64_NVIDIA",
      "AL2023_ARM_64_STANDARD",
      "AL2023_x86_64_NVIDIA",
      "AL2023_x86_64_STANDARD",
    ]);
    workspace().init(folder);
    const validated = workspace().run(folder, "validate", "-json", "-no-color");
    expect(JSON.parse(validated)).toMatchObject({ valid: true, error_count: 0, warning_count: 0, diagnostics: [] });
  });

  test("validates the load balancer of services, also in a network of somebody else", () => {
    const existing = { network: undefined, existingNetwork: { ...existingVpc, publicSubnetIds } };
    for (const changes of [{}, existing as unknown as Environment]) {
      const folder = workspace().synthesize(devWithIngress({}, changes));
      workspace().init(folder);
      const validated = workspace().run(folder, "validate", "-json", "-no-color");
      expect(JSON.parse(validated)).toMatchObject({ valid: true, error_count: 0, warning_count: 0, diagnostics: [] });
    }
  });

  describe.each(planned.map((environment) => [environment.name, environment] as const))("%s-platform", (name, env) => {
    let folder: string;
    let made: Synthesized;
    let plan: Plan;
    let printed: string;
    let validated: string;

    beforeAll(() => {
      folder = workspace().synthesize(env);
      made = new Synthesized(JSON.parse(readStackFile(folder)));
      workspace().init(folder);
      validated = workspace().run(folder, "validate", "-json", "-no-color");
      const copy = workspace().copyWithoutAccount(folder, name);
      workspace().init(copy);
      const result = workspace().plan(copy);
      plan = result.plan;
      printed = result.output;
    });

    test("validates without an error, a warning or a deprecation", () => {
      expect(JSON.parse(validated)).toMatchObject({ valid: true, error_count: 0, warning_count: 0, diagnostics: [] });
      expect(printed).not.toMatch(/Warning:|[Dd]eprecat/);
    });

    test("creates every resource that was synthesized and touches nothing else", () => {
      expect(plan.resource_changes.map(({ address }) => address).sort()).toEqual(made.addresses);
      expect(plan.resource_changes.filter(({ change }) => String(change.actions) !== "create")).toEqual([]);
    });

    test("creates as many of each type as the environment says", () => {
      const count = (type: string) => plan.resource_changes.filter((change) => change.type === type).length;
      const zones = env.availabilityZones.length;
      const pools = Object.keys(env.nodePools).length;
      const gateways = env.network?.natGateways === "per-zone" ? zones : 1;
      expect({
        aws_vpc: count("aws_vpc"),
        aws_subnet: count("aws_subnet"),
        aws_nat_gateway: count("aws_nat_gateway"),
        aws_eip: count("aws_eip"),
        aws_route: count("aws_route"),
        aws_eks_cluster: count("aws_eks_cluster"),
        aws_eks_addon: count("aws_eks_addon"),
        aws_eks_node_group: count("aws_eks_node_group"),
        aws_launch_template: count("aws_launch_template"),
        aws_autoscaling_group_tag: count("aws_autoscaling_group_tag"),
        aws_eks_access_entry: count("aws_eks_access_entry"),
        aws_eks_pod_identity_association: count("aws_eks_pod_identity_association"),
        aws_flow_log: count("aws_flow_log"),
        aws_budgets_budget: count("aws_budgets_budget"),
      }).toEqual({
        aws_vpc: 1,
        aws_subnet: 2 * zones,
        aws_nat_gateway: gateways,
        aws_eip: gateways,
        aws_route: 1 + zones,
        aws_eks_cluster: 1,
        aws_eks_addon: 6,
        aws_eks_node_group: pools,
        aws_launch_template: pools,
        // Labels, taints and resources: general 7, executor 8, small and large 9 each, gpu 12.
        aws_autoscaling_group_tag: 45,
        aws_eks_access_entry: env.cluster.administrators.length,
        // The autoscaler, the EBS CSI driver, the CNI, and the workers of the one job.
        aws_eks_pod_identity_association: 4,
        aws_flow_log: env.network?.flowLogRetentionInDays === undefined ? 0 : 1,
        aws_budgets_budget: env.budget === undefined ? 0 : 1,
      });
    });

    test("knows every value that was configured, as it was configured", () => {
      const differences = plan.resource_changes.flatMap(({ address, change }) =>
        differencesOf(made.resources.get(address), change.after, address),
      );
      expect(differences).toEqual([]);
    });

    test("shows the autoscaler's policy in full", () => {
      const policy = plan.resource_changes.find(({ address }) =>
        address.startsWith("aws_iam_role_policy.cluster-autoscaler-identity_"),
      );
      expect(policy?.change.after?.policy).toContain(`aws:ResourceTag/k8s.io/cluster-autoscaler/${name}-platform`);
    });

    test("says nothing of this machine and nothing secret", () => {
      for (const text of [validated, printed, JSON.stringify(plan)]) {
        expect(text).not.toContain(process.cwd());
        expect(text).not.toContain(workspace().root);
        expect(text).not.toMatch(/AKIA[A-Z0-9]{12}|PRIVATE KEY/);
      }
      // The dummy credentials are the test's own; a plan must not record even those.
      expect(JSON.stringify({ ...plan, configuration: undefined })).not.toMatch(/"dummy"/);
    });

    test("has not changed unnoticed", () => {
      expect(normalized(plan)).toMatchSnapshot();
    });
  });
});
