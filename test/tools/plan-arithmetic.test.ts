import { podsPerNode } from "../../constructs/workload/job-machines.ts";
import { coresOfNode, type NodePoolFacts, type PodShape, type TimelineFacts } from "../../tools/cost/machines.ts";
import { billedSeconds, creditsRange, predict, sweepCost } from "../../tools/cost/prediction.ts";
import { recommend } from "../../tools/plan/recommendation.ts";

/** Eight vCPUs, of which the kubelet and DaemonSets keep a quarter of one. */
const node: NodePoolFacts = {
  name: "executor",
  instanceTypes: ["c5.2xlarge"],
  capacityType: "SPOT",
  minimumNodes: 0,
  maximumNodes: 10,
  vCpus: 8,
  cores: 4,
  room: { cpuMillis: 7750, memoryMiB: 14_000, ephemeralStorageMiB: 40_000, gpus: 0, pods: 54 },
  onDemandUsdPerHour: 0.36,
  onDemandUsdPerHourOfTypes: { least: 0.36, most: 0.36 },
  spotUsdPerHour: { least: 0.12, most: 0.24 },
  creditsOfTypes: [undefined],
  volumeSizeGiB: 50,
  volumeUsdPerHour: 0.005,
};
const pod: PodShape = {
  cpuRequestMillis: 100,
  cpuLimitMillis: 500,
  memoryRequestMiB: 128,
  temporaryStorageMiB: 84,
  gpus: 0,
};
const timeline: TimelineFacts = { decision: 7, start: 190, idle: 300, minimumBilled: 60 };
const wholeCore: PodShape = { ...pod, cpuRequestMillis: 968, cpuLimitMillis: 1000 };

describe("the pods of a node", () => {
  test("compute no more than their limits, and no more than one vCPU each", () => {
    expect(coresOfNode(node, 3, pod)).toBe(1.5);
    expect(coresOfNode(node, 3, { ...pod, cpuLimitMillis: 4000 })).toBe(3);
  });

  test("get whole cores where each vCPU is one", () => {
    expect(coresOfNode({ ...node, cores: 8 }, 6, wholeCore)).toBe(6);
    expect(coresOfNode({ ...node, cores: 8 }, 16, wholeCore)).toBe(7.75);
  });

  test("get 30 % of the hyperthreads beyond the four cores, and nothing beyond the room", () => {
    // 4 cores, and 0.3 of each of the further 2 vCPUs.
    expect(coresOfNode(node, 6, wholeCore)).toBeCloseTo(4 + 0.3 * 2, 9);
    // 7.75 vCPUs at most: 4 + 0.3 * 3.75.
    expect(coresOfNode(node, 8, wholeCore)).toBeCloseTo(5.125, 9);
    expect(coresOfNode(node, 54, wholeCore)).toBeCloseTo(5.125, 9);
  });
});

describe("a prediction", () => {
  test("by hand: three pods at half a core, on one node", () => {
    const work = { totalParameters: 30_000, secondsPerParameter: 0.1, batchSize: 100 };
    const got = predict(work, { node, pod, workers: 3, parallelism: 3 }, timeline);
    // 10,000 parameters each, 0.1 s of a core, 0.2 s of half a core: 2,000 s. Paid from T+7 until 300 s after the end.
    expect(got).toMatchObject({ nodes: 1, pods: 3, podsOnNode: 3, computeSeconds: 2000, wallSeconds: 2190 });
    expect(got.billedNodeSeconds).toBe(183 + 2000 + 300);
    // 2,000 s of three pods with an object every 10 s each; 300 blocks are fewer.
    expect(got.objects).toBe(600);
    const hours = 2483 / 3600;
    expect(got.cost.onDemandUsd).toBeCloseTo(hours * 0.365, 9);
    expect(got.cost.spotUsd.least).toBeCloseTo(hours * 0.125, 9);
    expect(got.cost.spotUsd.most).toBeCloseTo(hours * 0.245, 9);
  });

  test("by hand: 80 whole cores on 10 nodes take a tenth of the time of 8 on one, after the same start", () => {
    const work = { totalParameters: 80_000, secondsPerParameter: 1, batchSize: 1 };
    const on = (workers: number) => predict(work, { node, pod: wholeCore, workers, parallelism: workers }, timeline);
    // 80,000 core-seconds; a node computes as much as 5.125 cores.
    expect(on(8)).toMatchObject({ nodes: 1, computeSeconds: expect.closeTo(80_000 / 5.125, 6) });
    expect(on(80)).toMatchObject({ nodes: 10, computeSeconds: expect.closeTo(8_000 / 5.125, 6) });
    expect(on(80).wallSeconds - 190).toBeCloseTo((on(8).wallSeconds - 190) / 10, 6);
    // The same computing is paid, and nine more starts.
    expect(on(80).billedNodeSeconds - on(8).billedNodeSeconds).toBeCloseTo(9 * 483, 6);
  });

  test("of more pods than the pool has room for: they take turns", () => {
    const work = { totalParameters: 1_600, secondsPerParameter: 1, batchSize: 1 };
    const small = { ...node, maximumNodes: 1 };
    const got = predict(work, { node: small, pod: wholeCore, workers: 16, parallelism: 16 }, timeline);
    // Two waves of 8 pods; each has 5.125 / 8 of a core for its 100 parameters; the second starts in 10 s.
    expect(got).toMatchObject({ nodes: 1, pods: 8, computeSeconds: expect.closeTo((2 * 100 * 8) / 5.125 + 10, 6) });
  });

  test("of pods that fit on no node is refused", () => {
    const work = { totalParameters: 1, secondsPerParameter: 1, batchSize: 1 };
    expect(() => predict(work, { node, pod: { ...pod, gpus: 1 }, workers: 1, parallelism: 1 }, timeline)).toThrow(
      "no pod of this size fits on a node of executor",
    );
  });
});

test("a machine is billed for a minute at least, and by the second beyond", () => {
  const quick: TimelineFacts = { decision: 0, start: 5, idle: 0, minimumBilled: 60 };
  expect(billedSeconds(1, quick)).toBe(60);
  expect(billedSeconds(55.5, quick)).toBe(60.5);
});

test("a burstable type pays for what it computes above its baseline", () => {
  const burstable = { ...node, creditsOfTypes: [{ baselineVCpus: 0.6, usdPerVCpuHour: 0.05 }] };
  // Two hours with two busy vCPUs: 4 vCPU-hours, of which 1.2 are the baseline's.
  expect(creditsRange(burstable, 2, 4).most).toBeCloseTo(2.8 * 0.05, 9);
  expect(creditsRange(burstable, 2, 1)).toEqual({ least: 0, most: 0 });
  expect(creditsRange(node, 2, 4)).toEqual({ least: 0, most: 0 });
  expect(sweepCost(burstable, 7200, 4 * 3600).onDemandUsd).toBeCloseTo(2 * 0.365 + 0.14, 9);
});

describe("a recommendation", () => {
  const present = { ...pod, timeoutSeconds: 60, largestBatchSize: 4_000_000 };
  const of = (totalParameters: number, secondsPerParameter: number, seconds = secondsPerParameter, speed = 1) =>
    recommend({ totalParameters, secondsPerParameter, batchSize: 10_000 }, node, present, { seconds, speed }, timeline);

  test("is one node where the start takes longer than the computing, since more would not be faster", () => {
    const work = { totalParameters: 10_000_000, secondsPerParameter: 1e-6, batchSize: 10_000 };
    expect(of(10_000_000, 1e-6)).toMatchObject({ nodes: 1, workers: 8 });
    const on = (workers: number) => predict(work, { node, pod: wholeCore, workers, parallelism: workers }, timeline);
    // Ten times the money for less than one per cent of the time.
    expect(on(80).wallSeconds / on(8).wallSeconds).toBeGreaterThan(0.99);
    expect(on(80).cost.onDemandUsd / on(8).cost.onDemandUsd).toBeGreaterThan(9.5);
  });

  test("by hand: as many nodes as each computes for the 483 s that it starts and idles", () => {
    // 20,000 core-seconds are 3,902 s of one node (5.125 cores): 8 x 483 s.
    expect(of(20_000, 1)).toMatchObject({ nodes: 8, nodesWithoutMaximum: 8, workers: 64 });
  });

  test("is no more than the pool allows, and names the number that would be worth it", () => {
    const { nodes, nodesWithoutMaximum, reasons } = of(200_000, 1);
    expect({ nodes, nodesWithoutMaximum }).toEqual({ nodes: 10, nodesWithoutMaximum: 80 });
    expect(reasons.nodes).toContain("executor allows 10: raise its capacity");
  });

  test("gives each vCPU a pod with a whole one, and names the waste of a limit", () => {
    const { pod: shape, reasons } = of(20_000, 1);
    expect(shape).toMatchObject({ cpuRequestMillis: 968, cpuLimitMillis: 1000 });
    expect(podsPerNode(node.room, shape)).toBe(8);
    expect(reasons.pod).toContain("with a limit of 500 a pod idles 50 % of the time");
  });

  test("has no more pods than memory has room for, and gives them all of the CPU", () => {
    const hungry = { ...present, memoryRequestMiB: 6000 };
    const { pod: shape, workers } = recommend(
      { totalParameters: 100, secondsPerParameter: 1, batchSize: 1 },
      node,
      hungry,
      { seconds: 1, speed: 1 },
      timeline,
    );
    expect(shape.cpuRequestMillis).toBe(3875);
    expect(podsPerNode(node.room, shape)).toBe(2);
    expect(workers).toBe(2);
  });

  test("has blocks of about ten seconds of a pod's time, where the parameters are many", () => {
    // 5.125 cores for 8 pods: 0.64 of a core each; 640 parameters of 10 ms in ten seconds.
    expect(of(100_000_000, 0.01).batchSize).toBe(640);
  });

  test("has smaller blocks where each worker would not get twenty of them", () => {
    // 10,000,000 over 8 workers and 20 blocks each are 62,500.
    const { batchSize, reasons } = of(10_000_000, 1e-6);
    expect(batchSize).toBe(62_000);
    expect(reasons.batchSize).toContain("each worker has 20 blocks");
  });

  test("has no more blocks than a run may have, and no larger ones than save requests or than memory is enough for", () => {
    expect(of(1e12, 1).batchSize).toBe(100_000);
    const cheap = of(1e10, 1e-9);
    expect(cheap.batchSize).toBe(1_000_000);
    expect(cheap.reasons.batchSize).toMatch(/; larger blocks would save next to no requests, and take more memory$/);
    const small = { ...present, largestBatchSize: 333_333 };
    const { batchSize, reasons } = recommend(
      { totalParameters: 1e10, secondsPerParameter: 1e-9, batchSize: 1 },
      node,
      small,
      { seconds: 0, speed: 1 },
      timeline,
    );
    expect(batchSize).toBe(330_000);
    expect(reasons.batchSize).toMatch(/; larger blocks would need more memory than the job gives a pod$/);
  });

  test("has a longer timeout where the slowest parameter comes near to the present one", () => {
    expect(of(1000, 1, 2).timeoutSeconds).toBeUndefined();
    // 10 s here are 15.6 s in a pod with 0.64 of a core; ten times that.
    expect(of(1000, 1, 10).timeoutSeconds).toBe(157);
  });

  test("has no longer timeout for parameters that ran into it: they may never return", () => {
    const { timeoutSeconds, reasons } = of(1000, 1, 60.1);
    expect(timeoutSeconds).toBeUndefined();
    expect(reasons.timeout).toContain("did not return within 1 min: sweep replay shows whether they ever do");
  });

  test("decides from the time here whether a parameter ran into the timeout, and gives the timeout for the speed of the pool", () => {
    expect(of(1000, 1, 60.1, 4).reasons.timeout).toContain("did not return within 1 min");
    const { timeoutSeconds, reasons } = of(1000, 1, 50, 0.5);
    expect(timeoutSeconds).toBe(1561);
    expect(reasons.timeout).toContain("the slowest parameter took 50 s here, and would take 2 min 37 s in such a pod");
  });
});
