import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { dev, prod } from "../../../environments.ts";
import { resolveEnvironment } from "../../../stacks/configuration/resolve.ts";
import { devWith, evaluationsOf, existingVpc, resolved } from "../../support/fixtures.ts";

const common = { totalParameters: 100, workers: 1 };

describe("a resolved environment", () => {
  test("has pools as objects, with all defaults", () => {
    const { nodePools } = resolved(dev);
    expect(Object.keys(nodePools)).toEqual(Object.keys(dev.nodePools));
    expect(nodePools.general).toBeInstanceOf(NodePool);
    expect(nodePools.general).toMatchObject({
      name: "general",
      capacityType: "ON_DEMAND",
      taints: [],
      volumeSizeGiB: 50,
    });
  });

  test("gives a pool the figures of the environment's own instance types", () => {
    const figures = { vCpus: 8, memoryGiB: 64, networkInterfaces: 4, addressesPerInterface: 15 };
    const { nodePools } = resolved(
      devWith({
        instanceTypes: { "r9.2xlarge": figures },
        nodePools: {
          ...dev.nodePools,
          big: { instanceTypes: ["r9.2xlarge"], capacity: { mode: "fixed", min: 1, max: 1 } },
        },
      }),
    );
    expect(nodePools.big?.allocatable.memoryMiB).toBeGreaterThan(50 * 1024);
  });

  test("names every pool without taints that always has a node, in their order, and no other", () => {
    const pool = (changes: object) => ({ ...dev.nodePools.general, ...changes });
    const { alwaysOnPools, nodePools } = resolved(
      devWith({
        nodePools: {
          tainted: pool({ taints: [{ key: "a", effect: "NoSchedule" }] }),
          idle: pool({ capacity: { mode: "fromZero", min: 0, max: 2 } }),
          first: pool({}),
          second: pool({ capacity: { mode: "fixed", min: 1, max: 1 } }),
          executor: dev.nodePools.executor,
        },
      }),
    );
    expect(alwaysOnPools).toEqual([nodePools.first, nodePools.second]);
    // The same objects, so that stacks can find a pool's node group.
    expect(alwaysOnPools[0]).toBe(nodePools.first);
  });

  test("has each job with its target: the pool itself, or all pools of the size", () => {
    const jobs = [
      { name: "a", nodePool: "executor", ...common },
      { name: "b", size: "large", ...common },
    ];
    const { workload, nodePools } = resolved(devWith({ workload: { namespace: "sweep", jobs } }));
    expect(workload.jobs[0]?.target).toBe(nodePools.executor);
    expect(workload.jobs[1]?.target.nodeSelector).toEqual({ "executor-size": "large" });
  });

  test("has the settings of a job without its place", () => {
    const jobs = [{ name: "a", nodePool: "executor", seed: 7, ...common }];
    const { workload } = resolved(devWith({ workload: { namespace: "sweep", jobs } }));
    expect(workload.jobs[0]?.settings).toEqual({ name: "a", seed: 7, ...common });
  });

  test("distinguishes a network to create from an existing one", () => {
    expect(resolved(dev).network).toEqual({ kind: "new", ...dev.network });
    const existing = resolved(devWith({ network: undefined, existingNetwork: existingVpc }));
    expect(existing.network).toEqual({ kind: "existing", ...existingVpc });
  });

  test("distinguishes an image to build from a prebuilt one", () => {
    const imageOf = (workload: object) =>
      resolved(devWith({ workload: { namespace: "a", jobs: [], ...workload } })).workload.image;
    expect(imageOf({})).toEqual({ kind: "built", baseImage: undefined });
    expect(imageOf({ baseImage: "a/python:3.13" })).toEqual({ kind: "built", baseImage: "a/python:3.13" });
    expect(imageOf({ image: "a/b:1" })).toEqual({ kind: "prebuilt", reference: "a/b:1" });
  });

  test("tags everything with the environment's name", () => {
    expect(resolved(prod).tags).toEqual({ CostCenter: "research", Environment: "prod" });
    expect(resolved(devWith({ tags: undefined })).tags).toEqual({ Environment: "dev" });
  });

  test("keeps the other fields as they are written", () => {
    const { name, accountId, region, availabilityZones, cluster, registry, results, budget, s3State } = prod;
    expect(resolved(prod)).toMatchObject({
      name,
      accountId,
      region,
      availabilityZones,
      cluster,
      registry,
      results,
      budget,
      s3State,
    });
  });
});

describe("the evaluation of a job", () => {
  const withEvaluation = (evaluation: string, changes: object = {}) =>
    devWith({
      workload: { namespace: "sweep", jobs: [{ name: "a", nodePool: "executor", evaluation, ...common }], ...changes },
    });

  test("must be one of the given names, which are not read from the disk", () => {
    expect(resolveEnvironment(withEvaluation("mine"), evaluationsOf(["mine"])).ok).toBe(true);
    expect(resolveEnvironment(withEvaluation("collatz"), evaluationsOf(["mine"]))).toMatchObject({
      problems: [{ path: ["workload", "jobs", 0, "evaluation"], got: '"collatz"', allowed: '"mine"' }],
    });
  });

  test("can be any name in an image that was built elsewhere", () => {
    expect(resolveEnvironment(withEvaluation("theirs", { image: "a/b:1" }), evaluationsOf(["mine"])).ok).toBe(true);
  });
});
