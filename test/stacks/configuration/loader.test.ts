import { fixed } from "../../../constructs/pools/capacity.ts";
import { dev, environments, prod } from "../../../environments.ts";
import { loadEnvironments } from "../../../stacks/configuration/loader.ts";
import { devWith } from "../../support/fixtures.ts";
import { messageOf } from "../../support/synthesized.ts";

describe("the platform's environments", () => {
  test("are dev and prod, and nothing is wrong with them", () => {
    expect(loadEnvironments(environments, {}).map(({ name }) => name)).toEqual(["dev", "prod"]);
  });

  test("have pools for services, evaluations of each size and GPUs, as many nodes in prod as the table asks for", () => {
    expect(prod.nodePools).toMatchObject({
      general: { instanceTypes: ["t3.large"], capacity: { min: 2, max: 10 }, labels: { "workload-type": "general" } },
      executor: {
        capacity: { min: 0, max: 50 },
        capacityType: "SPOT",
        labels: { "workload-type": "executor" },
        taints: [{ key: "workload-type", value: "executor", effect: "NoSchedule" }],
      },
      "executor-small": { labels: { "executor-size": "small" } },
      "executor-large": { labels: { "executor-size": "large" } },
      gpu: {
        instanceTypes: ["g4dn.xlarge"],
        capacity: { min: 0, max: 5 },
        labels: { "executor-size": "gpu" },
        taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
      },
    });
    const first = (pool: string) => prod.nodePools[pool]?.instanceTypes[0];
    expect([first("executor"), first("executor-small"), first("executor-large")]).toEqual([
      "c5.2xlarge",
      "t3.large",
      "c5.4xlarge",
    ]);
  });

  test("have the same pools, fewer and only spot machines for evaluations in dev", () => {
    expect(Object.keys(dev.nodePools)).toEqual(Object.keys(prod.nodePools));
    for (const [name, pool] of Object.entries(dev.nodePools)) {
      expect(pool.capacity.max).toBeLessThan(prod.nodePools[name]?.capacity.max ?? 0);
      if (name !== "general") expect(pool).toMatchObject({ capacityType: "SPOT", capacity: { min: 0 } });
    }
  });

  test("differ where prod is meant to last", () => {
    expect(dev).toMatchObject({ network: { natGateways: "single" }, registry: { forceDelete: true } });
    expect(dev).not.toHaveProperty("s3State");
    expect(prod).toMatchObject({
      network: { natGateways: "per-zone", flowLogRetentionInDays: 90 },
      cluster: { deletionProtection: true, endpointPublicAccessCidrs: ["203.0.113.0/24"] },
      registry: { forceDelete: false },
      results: { forceDestroy: false },
      s3State: { bucket: "example-terraform-state" },
    });
  });

  test("take one more pool as one more entry", () => {
    const pool = { instanceTypes: ["c5.xlarge"], capacity: fixed(5) };
    const [loaded] = loadEnvironments([devWith({ nodePools: { ...dev.nodePools, steady: pool } })], {});
    expect(loaded?.nodePools.steady).toMatchObject({ name: "steady", ...pool });
  });
});

describe("loading environments", () => {
  test("takes an account, administrators and public blocks from environment variables", () => {
    const [loaded] = loadEnvironments([dev], {
      PLATFORM_DEV_ACCOUNT_ID: "444455556666",
      PLATFORM_DEV_ADMINISTRATORS: "arn:aws:iam::444455556666:role/me, arn:aws:iam::444455556666:user/you",
      PLATFORM_DEV_PUBLIC_ACCESS_CIDRS: "198.51.100.7/32",
      PLATFORM_PROD_ACCOUNT_ID: "777788889999",
    });
    expect(loaded).toMatchObject({
      accountId: "444455556666",
      cluster: {
        kubernetesVersion: "1.35",
        administrators: ["arn:aws:iam::444455556666:role/me", "arn:aws:iam::444455556666:user/you"],
        endpointPublicAccessCidrs: ["198.51.100.7/32"],
      },
    });
  });

  test("takes cluster settings from environment variables when the environment has no cluster", () => {
    const { cluster: _, ...withoutCluster } = dev;
    const load = () => loadEnvironments([withoutCluster], { PLATFORM_DEV_PUBLIC_ACCESS_CIDRS: "0.0.0.0/0" });
    expect(messageOf(load)).toContain("dev.cluster.endpointPublicAccessCidrs[0] must be");
    expect(messageOf(load)).toContain("dev.cluster.kubernetesVersion must be");
  });

  test("checks those values like any other", () => {
    expect(messageOf(() => loadEnvironments([dev], { PLATFORM_DEV_ACCOUNT_ID: "mine" }))).toBe(
      'the configuration has 1 problem:\n  - dev.accountId must be an AWS account of 12 digits, got "mine": copy yours from aws sts get-caller-identity',
    );
  });

  test("reports every problem of every environment at once", () => {
    const broken = devWith({
      accountId: 5,
      availabilityZones: ["eu-west-1a", "us-west-2b"],
      nodePools: { ...dev.nodePools, gpu: { ...dev.nodePools.gpu, gpu: "yes" } },
      workload: { namespace: "sweep", jobs: [{ name: "a", nodePool: "nowhere", totalParameters: 1, workers: 1 }] },
    });
    expect(messageOf(() => loadEnvironments([broken, { ...prod, accountId: "prod" }], {})).split("\n")).toEqual([
      "the configuration has 5 problems:",
      '  - dev.accountId must be an AWS account of 12 digits, got 5: use for example "111122223333"',
      '  - dev.nodePools.gpu.gpu must be true or false, got "yes": use for example true',
      '  - dev.availabilityZones[0] must be a zone of us-west-2, got "eu-west-1a": use for example "us-west-2a"',
      '  - dev.workload.jobs[0].nodePool must be general, executor, executor-small, executor-large or gpu, got "nowhere": name one of these, or add the pool "nowhere" to nodePools',
      '  - prod.accountId must be an AWS account of 12 digits, got "prod": copy yours from aws sts get-caller-identity',
    ]);
  });

  test.each<[string, unknown, string]>([
    ["an object", dev.tags, '{"CostCenter":"research"}'],
    ["nothing", undefined, "nothing"],
    ["a Map", new Map(), "{}"],
  ])("refuses %s in the place of the list of environments", (_, environments, got) => {
    expect(messageOf(() => loadEnvironments(environments as unknown[], {}))).toBe(
      `the configuration has 1 problem:\n  - environments must be a list of environments, got ${got}: write for example environments = [dev, prod]`,
    );
  });

  test("refuses a hole in the list of environments", () => {
    const holed: unknown[] = [dev];
    holed[2] = prod;
    const text = "the configuration has 1 problem:\n  - environments[1] must be an object with name, accountId,";
    expect(messageOf(() => loadEnvironments(holed, {}))).toContain(text);
  });

  test("refuses two environments of one name", () => {
    expect(messageOf(() => loadEnvironments([dev, dev], {}))).toBe(
      'the configuration has 1 problem:\n  - environments[1].name must be different from the names of the environments before it, because stacks are named after it, got "dev": rename one of the two',
    );
  });

  test("refuses a name that begins with another's name and a hyphen, in either order", () => {
    const problem = (index: number) =>
      `the configuration has 1 problem:\n  - environments[${index}].name must be a name that does not begin with "dev-", because cdktf deploy 'dev-*' would take this environment, too, got "dev-eu": rename one of the two`;
    const eu = { ...dev, name: "dev-eu" };
    expect(messageOf(() => loadEnvironments([dev, eu], {}))).toBe(problem(1));
    expect(messageOf(() => loadEnvironments([eu, dev], {}))).toBe(problem(0));
    expect(() => loadEnvironments([dev, { ...dev, name: "development" }], {})).not.toThrow();
  });

  test.each([
    [null, "null"],
    ["dev", '"dev"'],
    [[], "[]"],
  ])("refuses %j as an environment, and says where it stands", (environment, got) => {
    expect(messageOf(() => loadEnvironments([dev, environment], {}))).toBe(
      `the configuration has 1 problem:\n  - environments[1] must be an object with name, accountId, region, availabilityZones, network, existingNetwork, cluster, nodePools, instanceTypes, registry, results, workload, services, budget, tags or s3State, got ${got}: correct its type`,
    );
  });
});
