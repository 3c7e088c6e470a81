import { type Capacity, dynamic, fromZero } from "../../constructs/pools/capacity.ts";
import { dev } from "../../environments.ts";
import { environmentFacts, platformTimeline } from "../../tools/cost/environment.ts";
import { predict } from "../../tools/cost/prediction.ts";
import { environmentReport } from "../../tools/cost/report.ts";
import { costOf, resources, table } from "../support/costs.ts";
import { devWith, resolved } from "../support/fixtures.ts";
import { devWithJob } from "../support/workload.ts";

describe("one sweep", () => {
  test("of dev takes the time and the machine that its pods need", () => {
    // A core-second for each parameter: three pods with half a core each, on one node of c5.2xlarge.
    const cost = costOf(devWithJob({ totalParameters: 3_000, batchSize: 100 }), table, 1);
    const [sweep] = cost.sweeps;
    // 1,000 parameters for each, at half a core.
    expect(sweep?.prediction).toMatchObject({
      nodes: 1,
      pods: 3,
      coresOfPod: 0.5,
      computeSeconds: 2000,
      wallSeconds: 2190,
    });
    const hours = (190 - 7 + 2000 + 325) / 3600;
    const volume = (50 * 0.08) / 730;
    expect(sweep?.costs?.onDemand.most).toBeCloseTo(hours * (0.34 + volume), 9);
    expect(sweep?.costs?.spot.least).toBeCloseTo(hours * (0.3 * 0.308 + volume), 9);
    expect(sweep?.costs?.spot.most).toBeCloseTo(hours * (0.384 + volume), 9);
    // 600 objects: one every ten seconds from each of three pods; and 24 kB for a month.
    expect(sweep?.costs?.storage.most).toBeCloseTo(0.6 * 0.005 + 24e-6 * 0.023, 9);
    expect(sweep?.costs?.nat.most).toBeCloseTo(0.1 * 0.045, 9);
    expect(sweep?.costs?.alwaysOn.most).toBeCloseTo((cost.monthly.idle.most * 2190) / 3600 / 730, 9);
  });

  test("of a job that is paused is estimated as it goes on", () => {
    const [paused] = costOf(devWithJob({ parallelism: 0 })).sweeps;
    expect(paused?.prediction).toEqual(costOf(dev).sweeps[0]?.prediction);
  });

  test("runs on the nodes of all pools of its size", () => {
    const small = dev.nodePools["executor-small"] ?? { instanceTypes: [] };
    const environment = devWith({
      nodePools: { ...dev.nodePools, "executor-a": { ...small, capacity: fromZero(2) } },
      workload: {
        namespace: "sweep",
        jobs: [{ name: "wide", size: "small", totalParameters: 1_000, workers: 9, placement: "one-per-node" }],
      },
    });
    const [sweep] = costOf(environment, table, 1).sweeps;
    expect(sweep?.prediction?.nodes).toBe(3 + 2);
  });

  test("has on each node of different pools the room of the least, and keeps the nodes of all of them", () => {
    const small = dev.nodePools["executor-small"] ?? { instanceTypes: [] };
    const pool = (type: string, capacity: Capacity) => ({ ...small, instanceTypes: [type], capacity });
    const environment = devWith({
      nodePools: {
        ...dev.nodePools,
        "executor-small": pool("c5.4xlarge", dynamic(1, 3)),
        "executor-a": pool("c5.xlarge", dynamic(1, 2)),
      },
      workload: {
        namespace: "sweep",
        jobs: [
          {
            name: "wide",
            size: "small",
            totalParameters: 1_000,
            workers: 5,
            cpuRequestMillis: 2_000,
            cpuLimitMillis: 2_000,
          },
        ],
      },
    });
    const [job] = environmentFacts(resolved(environment), table).jobs;
    expect(job?.machines.text).toContain("5 workers need 5 machines");
    expect(job?.node).toMatchObject({ minimumNodes: 2, maximumNodes: 5 });
    expect(
      job && predict({ totalParameters: 1_000, secondsPerParameter: 1, batchSize: 100 }, job, platformTimeline),
    ).toMatchObject({ nodes: 5, pods: 5 });
  });

  test("uses the measured time of the evaluation by default, and names its source", () => {
    const [sweep] = costOf(dev).sweeps;
    expect(sweep?.duration).toEqual({
      secondsPerParameter: table.measured.collatz?.secondsPerParameter,
      from: table.measured.collatz?.how,
    });
    const [slowed] = costOf(devWithJob({ simulateWorkMs: 2 })).sweeps;
    expect(slowed?.duration?.secondsPerParameter).toBeCloseTo(0.002, 5);
  });

  test("of an evaluation that nobody has measured is not known, and the report says how to measure it", () => {
    const cost = costOf(devWithJob({ evaluation: undefined, evaluationCommand: "node -e 0", resultColumns: ["a"] }));
    expect(cost.sweeps[0]).toMatchObject({ duration: undefined, costs: undefined });
    expect(environmentReport(cost)).toContain("./sweep plan --environment dev --job ttg-computation");
  });

  test("waits as long as the autoscaler's release lets an idle node run, and buys within two rounds of it", () => {
    const release = resources(dev).find(
      ({ type, name }) => type === "helm_release" && name.startsWith("cluster-autoscaler"),
    );
    const { extraArgs } = JSON.parse(release?.json.values[0]);
    const seconds = (flag: string) => Number.parseFloat(extraArgs[flag]) * (extraArgs[flag].endsWith("m") ? 60 : 1);
    // It notices an idle node after half of the time between two looks and a round, and terminates it 5 s after it marks it.
    const noticed = seconds("unremovable-node-recheck-timeout") / 2 + seconds("scan-interval");
    expect(costOf(dev).timeline.idle).toBe(noticed + seconds("scale-down-unneeded-time") + 5);
    // A pod younger than 2 s waits for the next round.
    expect(costOf(dev).timeline.decision).toBe(2 + seconds("scan-interval"));
  });

  test("stores the columns that a program declares; the columns of a module are assumed, and the report says so", () => {
    const program = {
      evaluation: undefined,
      evaluationCommand: "node -e 0",
      resultColumns: ["a", "b", "c"],
    };
    const of = (job: object) =>
      costOf(devWithJob({ totalParameters: 1_000_000_000, batchSize: 1_000_000, ...job }), table, 1e-6);
    const [module, declared] = [of({}), of(program)];
    const storage = (cost: typeof module) => cost.sweeps[0]?.costs?.storage.most ?? Number.NaN;
    // 8 GB more for each further column.
    expect(storage(declared) - storage(module)).toBeCloseTo(2 * 8 * 0.023, 9);
    expect(environmentReport(module)).toContain("keeping them for a month (one column assumed)");
    expect(environmentReport(declared)).toContain("keeping them for a month (columns: 3)");
  });
});
