import { fixed } from "../../../constructs/pools/capacity.ts";
import { dev, environments, prod } from "../../../environments.ts";
import { loadEnvironments } from "../../../stacks/configuration/loader.ts";
import { devWith, problemsOf } from "../../support/fixtures.ts";
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
    expect(loaded?.nodePools.steady).toEqual(pool);
  });
});

describe("loading environments", () => {
  test("takes from the process what does not belong into version control", () => {
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

  test("checks those values like any other", () => {
    expect(messageOf(() => loadEnvironments([dev], { PLATFORM_DEV_ACCOUNT_ID: "mine" }))).toBe(
      'the configuration has 1 problem:\n  - dev.accountId is not an AWS account: got "mine", allowed is 12 digits; aws sts get-caller-identity prints yours',
    );
  });

  test("reports every problem of every environment at once, those between fields too, whatever else is malformed", () => {
    const broken = devWith({
      accountId: 5,
      availabilityZones: ["eu-west-1a", "us-west-2b"],
      nodePools: { ...dev.nodePools, gpu: { ...dev.nodePools.gpu, gpu: "yes" } },
      workload: { namespace: "sweep", jobs: [{ name: "a", nodePool: "nowhere", totalParameters: 1, workers: 1 }] },
    });
    expect(messageOf(() => loadEnvironments([broken, { ...prod, accountId: "prod" }], {})).split("\n")).toEqual([
      "the configuration has 5 problems:",
      '  - dev.accountId is of the wrong type: got 5, allowed is a text; write for example "111122223333"',
      '  - dev.nodePools.gpu.gpu is of the wrong type: got "yes", allowed is true or false; make it true or false',
      '  - dev.availabilityZones[0] is not a zone of the region: got "eu-west-1a", allowed is zones of us-west-2; use for example "us-west-2a"',
      '  - dev.workload.jobs[0].nodePool names a pool that does not exist: got "nowhere", allowed is general, executor, executor-small, executor-large or gpu; name one of these, or add the pool "nowhere" to nodePools',
      '  - prod.accountId is not an AWS account: got "prod", allowed is 12 digits; aws sts get-caller-identity prints yours',
    ]);
  });

  test("refuses two environments of one name", () => {
    expect(messageOf(() => loadEnvironments([dev, dev], {}))).toBe(
      'the configuration has 1 problem:\n  - dev is the name of two environments: got "dev", allowed is each name once, since it makes the names of stacks; rename one',
    );
  });

  test.each([[null], ["dev"], [[]]])("refuses %j as an environment", (environment) => {
    expect(problemsOf(environment).length).toBeGreaterThan(0);
  });
});
