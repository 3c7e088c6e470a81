import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformOutput, TerraformStack, Testing } from "cdktf";
import { dev, environments, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { PlatformStack } from "../../stacks/platform-stack.ts";
import { devWith, existingVpc, resolved } from "../support/fixtures.ts";
import { Synthesized, synthesizeApp } from "../support/synthesized.ts";

function stackOf(environment: Environment): PlatformStack {
  return new PlatformStack(Testing.app(), `${environment.name}-platform`, { environment: resolved(environment) });
}
const platform = (environment: Environment) => Synthesized.of(stackOf(environment));

describe.each(environments.map((environment) => [environment.name, environment] as const))(
  "the platform stack of %s",
  (name, environment) => {
    const made = platform(environment);

    test("has exactly the pinned addresses: each change destroys something somebody runs", () => {
      const pinned = readFileSync(join(__dirname, "addresses", `${name}-platform.txt`), "utf8");
      expect(`${made.addresses.join("\n")}\n`).toBe(pinned);
    });

    test("has not changed unnoticed", () => {
      expect(made.json).toMatchSnapshot();
    });

    test("looks nothing up while planning", () => {
      expect(made.json).not.toHaveProperty("data");
    });

    test("names no path of this machine and holds no secret", () => {
      const text = JSON.stringify(made.json);
      expect(text).not.toContain(process.cwd());
      expect(text).not.toMatch(/"\/(home|root|tmp|work|Users|opt)\//);
      expect(text).not.toMatch(/AKIA|secret_key|access_key|password|PRIVATE KEY/);
    });

    test("has a node group for each pool, with the pool's numbers", () => {
      for (const [pool, { capacity, instanceTypes }] of Object.entries(environment.nodePools)) {
        expect(made.one("aws_eks_node_group", `pool-${pool}_`)).toMatchObject({
          instance_types: instanceTypes,
          scaling_config: { min_size: capacity.min, max_size: capacity.max },
        });
      }
    });

    test("may be deployed to its own account only, and tags everything", () => {
      expect(made.json.provider?.aws).toMatchObject([
        {
          region: "us-west-2",
          allowed_account_ids: ["111122223333"],
          default_tags: [{ tags: { Environment: name, CostCenter: "research" } }],
        },
      ]);
    });

    test("tags machines like everything else", () => {
      const templates = made.all("aws_launch_template");
      expect(templates).toHaveLength(Object.keys(environment.nodePools).length);
      for (const template of templates) {
        expect(template.tag_specifications).toMatchObject([
          { tags: { Environment: name, CostCenter: "research" } },
          { tags: { Environment: name } },
          { tags: { Environment: name } },
        ]);
      }
    });
  },
);

describe("a platform stack", () => {
  test("keeps dev's state in a file beside cdktf.json, by a path that holds on every machine", () => {
    expect(platform(dev).json.terraform?.backend).toEqual({
      local: { path: "../../../terraform.dev-platform.tfstate" },
    });
  });

  test("keeps prod's state in S3, encrypted and locked", () => {
    expect(platform(prod).json.terraform?.backend).toEqual({
      s3: {
        bucket: "example-terraform-state",
        region: "us-west-2",
        key: "prod/prod-platform.tfstate",
        encrypt: true,
        use_lockfile: true,
      },
    });
  });

  test.each([
    [undefined, ">= 5.100.0, < 7.0.0"],
    [true, ">= 6.9.0, < 7.0.0"],
    [false, ">= 6.9.0, < 7.0.0"],
  ])("with deletion protection %s asks for AWS provider %s", (deletionProtection, version) => {
    const { terraform } = platform(devWith({ cluster: { ...dev.cluster, deletionProtection } })).json;
    expect(terraform?.required_providers.aws.version).toBe(version);
  });

  test("uses a VPC made elsewhere and adds nothing to it", () => {
    const made = platform(devWith({ network: undefined, existingNetwork: existingVpc }));
    expect(made.one("aws_eks_cluster").vpc_config.subnet_ids).toEqual(Object.values(existingVpc.privateSubnetIds));
    expect(made.addresses.filter((address) => /^aws_(vpc|subnet|route|internet|nat|eip)/.test(address))).toEqual([]);
  });

  test("waits with CoreDNS for every pool that is always on and untainted, and for no other", () => {
    const second = { instanceTypes: ["t3.large"], capacity: { mode: "fixed", min: 1, max: 1 } };
    const idle = { instanceTypes: ["t3.large"], capacity: { mode: "fromZero", min: 0, max: 1 } };
    const made = platform(devWith({ nodePools: { ...dev.nodePools, second, idle } }));
    expect(made.one("aws_eks_addon", "addons_coredns_").depends_on).toEqual([
      made.address("aws_eks_node_group", "pool-general_"),
      made.address("aws_eks_node_group", "pool-second_"),
    ]);
  });

  test("has no budget unless one is given", () => {
    expect(platform(dev).all("aws_budgets_budget")).toEqual([]);
    expect(platform(prod).one("aws_budgets_budget")).toMatchObject({ limit_amount: "2000" });
  });

  test("tells people what they need next", () => {
    expect(Object.keys(platform(dev).json.output ?? {})).toEqual([
      "cluster-name",
      "kubeconfig-command",
      "repository-url",
      "results-bucket",
    ]);
  });

  test("hands the other stacks typed values", () => {
    const stack = stackOf(dev);
    expect(stack.clusterAutoscalerRole).toMatchObject({
      namespace: "kube-system",
      serviceAccount: "cluster-autoscaler",
    });
    expect(stack.workerRoles).toMatchObject([{ namespace: "sweep", serviceAccount: "worker-ttg-computation" }]);
  });

  test.each([
    ["dev", dev, { path: "../../../terraform.dev-platform.tfstate" }],
    ["prod", prod, { bucket: "example-terraform-state", key: "prod/prod-platform.tfstate" }],
  ])("is read by the other stacks of %s from its state", (_, environment, location) => {
    const app = Testing.app();
    const stack = new PlatformStack(app, `${environment.name}-platform`, { environment: resolved(environment) });
    const other = new TerraformStack(app, "other");
    for (const [name, value] of Object.entries({
      endpoint: stack.cluster.clusterEndpoint,
      authority: stack.cluster.certificateAuthorityData,
      repository: stack.registry.repositoryUrl,
      bucket: stack.results.bucketName,
    })) {
      new TerraformOutput(other, name, { value });
    }
    const stacks = synthesizeApp(app);
    const { data, output } = stacks.get("other")?.json ?? {};
    const state = `cross-stack-reference-input-${stack.node.id}`;
    expect(data).toMatchObject({ terraform_remote_state: { [state]: { config: location } } });
    const exported = Object.keys(stacks.get(stack.node.id)?.json.output ?? {});
    for (const { value } of Object.values(output ?? {})) {
      expect(exported).toContain(/outputs\.([\w-]+)\}$/.exec(value)?.[1]);
    }
  });

  test("lets the workers of each job write below a prefix of their own, and of no other job", () => {
    const [job] = dev.workload?.jobs ?? [];
    const made = platform(devWith({ workload: { ...dev.workload, jobs: [job, { ...job, name: "ttg" }] } }));
    for (const name of ["ttg-computation", "ttg"]) {
      const { Statement } = JSON.parse(made.one("aws_iam_role_policy", `worker-identity-${name}_`).policy);
      expect(Statement).toMatchObject([
        { Sid: "WriteResults", Resource: [`\${${made.address("aws_s3_bucket")}.arn}/runs/${name}/*`] },
        { Sid: "ListResults", Condition: { StringLike: { "s3:prefix": `runs/${name}/*` } } },
      ]);
      const role = made.one("aws_iam_role", `worker-identity-${name}_`);
      expect(JSON.parse(role.assume_role_policy).Statement[0].Condition.StringEquals).toMatchObject({
        "aws:SourceAccount": "111122223333",
        "aws:RequestTag/kubernetes-service-account": `worker-${name}`,
      });
      expect(made.one("aws_eks_pod_identity_association", `worker-identity-${name}_`)).toMatchObject({
        namespace: "sweep",
        service_account: `worker-${name}`,
      });
    }
  });

  test("may be used by AWS's services for this account only, except the role of the nodes", () => {
    const trusted = platform({ ...prod, results: {} })
      .all("aws_iam_role")
      .map(({ name_prefix, assume_role_policy }) => {
        const [{ Principal, Condition }] = JSON.parse(assume_role_policy).Statement;
        return [name_prefix, Principal.Service, Condition?.StringEquals["aws:SourceAccount"]];
      });
    expect(trusted.sort()).toEqual([
      ["prod-cluster-autoscaler-", "pods.eks.amazonaws.com", "111122223333"],
      ["prod-ebs-csi-", "pods.eks.amazonaws.com", "111122223333"],
      ["prod-platform-cluster-", "eks.amazonaws.com", "111122223333"],
      ["prod-platform-flow-logs-", "vpc-flow-logs.amazonaws.com", "111122223333"],
      ["prod-platform-node-", "ec2.amazonaws.com", undefined],
      ["prod-vpc-cni-", "pods.eks.amazonaws.com", "111122223333"],
      ["prod-worker-", "pods.eks.amazonaws.com", "111122223333"],
    ]);
  });
});
