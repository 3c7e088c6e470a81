import { fixed } from "../../constructs/pools/capacity.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { environmentFacts } from "../../tools/cost/environment.ts";
import { type EnvironmentCost, environmentCost } from "../../tools/cost/environment-cost.ts";
import { kedaRoom } from "../../tools/cost/keda-room.ts";
import { readPrices } from "../../tools/cost/price-table.ts";
import { MESSAGES_OF_A_SLICE, queueTimeline } from "../../tools/cost/queue-requests.ts";
import { queueRun } from "../../tools/cost/queue-run.ts";
import { environmentReport } from "../../tools/cost/report.ts";
import { resourcesOf } from "../../tools/cost/synthesized.ts";
import { splitRest } from "../../worker/src/parameters/splitting.ts";
import { resolved } from "../support/fixtures.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const table = readPrices();
const small = { size: "small", max: 10, cpuRequestMillis: 1500, memoryRequestMiB: 3072 } as const;

function costOf(environment: Environment, executors: Environment["workload"]["executors"], seconds?: number) {
  const changed = { ...environment, workload: { ...environment.workload, executors } };
  // Without resources: their prices have tests of their own.
  return environmentCost(resolved(changed), [], table, seconds);
}

const devWithExecutors: Environment = { ...dev, workload: { ...dev.workload, executors: [{ size: "large" }] } };
let stacks: ReturnType<typeof synthesizeEnvironment> | undefined;
/** A synthesis takes most of the time of these tests. */
function synthesized() {
  stacks ??= synthesizeEnvironment(devWithExecutors);
  return stacks;
}

const lineOf = ({ monthly }: EnvironmentCost, item: string) => monthly.lines.find((line) => line.item === item);

test("50 executors of 2 CPUs run on nine c5.4xlarge, of which memory lets each have six; an hour of them is nine machines", () => {
  const cost = costOf(prod, [{ size: "large" }]);
  expect(cost.executors[0]).toMatchObject({
    machines: { isWarning: false, text: "0 to 50 executors on at most 9 c5.4xlarge of executor-large" },
    nodes: 9,
    running: 50,
  });
  expect(environmentReport(cost)).toMatch(/│ large +│ 9 x c5\.4xlarge +│ +\$0 │ .* │ +\$6\.17 │/);
});

test("a pool with fewer machines is a warning, with the executors that run", () => {
  const { executors } = costOf(dev, [{ size: "large" }, small]);
  expect(executors.map(({ machines }) => machines)).toMatchObject([
    {
      isWarning: true,
      text: "0 to 50 executors on at most 9 c5.4xlarge of executor-large; executor-large allows 3, so that 18 run at a time: use max: 18, or raise the maximum of the pool",
    },
    { isWarning: true, text: expect.stringContaining("executor-small allows 3, so that 3 run at a time") },
  ]);
});

test("an idle queue costs KEDA's requests: 175,200 a month", () => {
  const all = Object.values(synthesized()).flatMap(({ json }) => resourcesOf(json));
  const line = lineOf(environmentCost(resolved(devWithExecutors), all, table), "requests of executors, large");
  expect(line?.idle.most).toBeCloseTo((175_200 * 0.4) / 1_000_000, 9);
  expect(line?.idle).toEqual({ least: line?.idle.most, most: line?.idle.most });
  // At most, Kubernetes reads it as often as KEDA, and 100 slots have a message every 15 s.
  const messages = 100 * (2_628_000 / 15);
  const requests = messages * (3 + 15 / 20 / 2) + 2 * 175_200;
  const bucket = messages * (2 * 0.000_005 + 2 * 0.000_000_4);
  expect(line?.maximum.most).toBeCloseTo(requests * 0.000_000_4 + bucket, 6);
});

test("without executors there is no line, no table and no word about KEDA", () => {
  const cost = costOf(dev, []);
  expect(cost).toMatchObject({ executors: [], queueRuns: [], keda: undefined });
  expect(cost.monthly).toEqual(costOf(dev, undefined).monthly);
  expect(environmentReport(cost)).not.toMatch(/KEDA|queue|executors, an hour/);
});

test("KEDA looks, Kubernetes asks, and the last executor ends as the release says; executors divide a slice into as many messages", () => {
  const { addons, workload } = synthesized();
  const [, scaled] = JSON.parse(workload.one("helm_release").values[0]).objects;
  const { pollSeconds, cooldownSeconds } = queueTimeline;
  expect(scaled.spec).toMatchObject({ pollingInterval: pollSeconds, cooldownPeriod: cooldownSeconds });
  const keda = addons.all("helm_release").find(({ name }) => name === "keda");
  const { resources } = JSON.parse(keda?.values[0]);
  const requests = Object.values<{ requests: { cpu: string; memory: string } }>(resources).map(
    ({ requests }) => requests,
  );
  expect(requests).toEqual(Array(3).fill({ cpu: "100m", memory: "100Mi" }));
  const slice = { perSecond: 1000, sliceSeconds: 1 };
  expect(splitRest([{ start: 0, count: 999 }], slice)).toHaveLength(MESSAGES_OF_A_SLICE);
});

test("every resource of executors has a price or is known to be free", () => {
  const all = Object.values(synthesized()).flatMap(({ json }) => resourcesOf(json));
  expect(all.map(({ type }) => type)).toEqual(expect.arrayContaining(["aws_sqs_queue", "kubernetes_deployment_v1"]));
  expect(environmentCost(resolved(devWithExecutors), all, table).monthly.notPriced).toEqual([]);
});

describe("KEDA's pods", () => {
  test("fit on the two nodes of general beside the platform's other programs", () => {
    expect(costOf(dev, [{ size: "large" }]).keda).toEqual({
      fits: true,
      text: "KEDA's three pods ask for 300m, the other programs of the platform for 620m, and the nodes that are always on (2 of general) have 3,300m: they fit",
    });
  });

  test("do not fit on one small node, and the report warns of another one", () => {
    const general = new NodePool({ name: "general", instanceTypes: ["m6g.medium"], capacity: fixed(1) });
    const keda = kedaRoom([general]);
    expect(keda).toEqual({
      fits: false,
      text: "KEDA's three pods ask for 300m, the other programs of the platform for 620m, and the nodes that are always on (1 of general) have 660m: the autoscaler buys another node for them, and keeps it",
    });
    const report = environmentReport({ ...costOf(dev, [{ size: "large" }]), keda });
    expect(report).toContain("\nWarning: KEDA's three pods ask for 300m");
    expect(kedaRoom([general, general]).fits).toBe(true);
  });
});

describe("a run on a queue", () => {
  const facts = () => {
    const environment = { ...prod, workload: { ...prod.workload, executors: [{ size: "large" } as const, small] } };
    return environmentFacts(resolved(environment), table);
  };
  const run = (totalParameters: number, secondsPerParameter: number, size = "large") => {
    const environment = facts();
    const executors = environment.executors.find((one) => one.size === size);
    if (executors === undefined) throw new Error(`there are no executors of ${size}`);
    return queueRun({ totalParameters, secondsPerParameter, batchSize: 10_000 }, 8e8, executors, environment);
  };

  test("of many core-hours takes all executors, each with 1.53 of the 9.2 cores that a machine's twelve slots share", () => {
    // Eight cores with two hyperthreads each: 12 busy vCPUs are 8 + 0.3 * 4 cores.
    const got = run(100_000_000, 0.002);
    expect(got).toMatchObject({ executors: 50, nodes: 9 });
    expect(got.computeSeconds).toBeCloseTo(200_000 / (50 * (9.2 / 6)), 6);
    // KEDA's look and that of Kubernetes come before the start of a Job.
    expect(got.wallSeconds).toBeCloseTo(15 + 15 + 190 + got.computeSeconds, 6);
    // The last executor ends a minute and a look after the last message.
    expect(got.billedNodeSeconds).toBeCloseTo(9 * (183 + got.computeSeconds + 325 + 60 + 15), 6);
    expect(got.messages).toBe(Math.ceil((got.computeSeconds * 100) / 15) + 100);
    // The simulation of the same shape has 2,500 to 4,500 messages for 600 s of 100 slots, for which this says 4,100.
    expect(got.requests.most).toBeCloseTo(got.messages * (3.375 * 0.000_000_4 + 0.000_010_8), 9);
  });

  test("of a second has one executor on one machine", () => {
    expect(run(1_000_000, 1e-6)).toMatchObject({ executors: 1, nodes: 1 });
  });

  test("on small machines has one slot for each, and pays for their credits", () => {
    const got = run(100_000_000, 0.002, "small");
    expect(got).toMatchObject({ executors: 10, nodes: 10 });
    expect(got.computeSeconds).toBeCloseTo(200_000 / 10, 6);
    expect(got.cost.creditsUsd).toBeCloseTo(
      10 * ((got.computeSeconds * 1 - (got.billedNodeSeconds / 10) * 0.6) / 3600) * 0.05,
      6,
    );
  });

  test("stands beside the job's in the report, for each size", () => {
    const cost = costOf(prod, [{ size: "large" }, small], 0.001);
    expect(cost.queueRuns.map(({ job, size }) => `${job} ${size}`)).toEqual([
      "ttg-computation large",
      "ttg-computation small",
    ]);
    const text = environmentReport(cost);
    expect(text).toContain("The run of ttg-computation on 50 executors of large takes ");
    expect(text).toMatch(/│ the same on the queue of large +│ +spot │ +on demand │/);
    expect(text).toMatch(/│ requests for about [\d,]+0 messages +│ +\$0\.0\d │ +\$0\.0\d │/);
  });

  test("of an evaluation that nobody has measured is left out", () => {
    const jobs = [
      {
        name: "own",
        nodePool: "executor",
        evaluationCommand: "node -e 0",
        resultColumns: ["a"],
        totalParameters: 10,
        workers: 1,
      },
    ];
    const changed = { ...prod, workload: { ...prod.workload, jobs } };
    expect(costOf(changed, [{ size: "large" }]).queueRuns).toEqual([]);
  });
});
