import type { Measurement } from "sweep-worker";
import { type ResolvedWorkerSettings, readSettings } from "sweep-worker/contract";
import { prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { environmentFacts } from "../../tools/cost/environment.ts";
import { readPrices } from "../../tools/cost/price-table.ts";
import type { PlanInput } from "../../tools/plan/plan.ts";
import { describeQueuePlans, queuePlans } from "../../tools/plan/queue.ts";
import { resolved } from "../support/fixtures.ts";

const factsOf = (executors: Environment["workload"]["executors"]) =>
  environmentFacts(resolved({ ...prod, workload: { ...prod.workload, executors } }), readPrices());
const both = factsOf([{ size: "large" }, { size: "small", max: 10, cpuRequestMillis: 1500, memoryRequestMiB: 3072 }]);
const input = (changes: Partial<PlanInput> = {}): PlanInput => ({
  measurement: { secondsPerParameter: 0.002, warmUpSeconds: 3 } as Measurement,
  totalParameters: 100_000_000,
  batchSize: 10_000,
  columns: ["value"],
  timeoutSeconds: 60,
  maxFailures: 1000,
  speed: 1,
  ...changes,
});
const settings = (variables: Record<string, string> = {}): ResolvedWorkerSettings =>
  readSettings({
    TOTAL_PARAMETERS: "100000000",
    TOTAL_WORKERS: "1",
    WORKER_ID: "0",
    RESULTS_URL: "file:x",
    ...variables,
  });

test("each size has its time, its cost, and the command that submits the measured sweep", () => {
  const plans = queuePlans(input(), both, settings(), "worker/evaluations/pi.ts");
  expect(plans.map(({ size, executors, nodes, command }) => ({ size, executors, nodes, command }))).toEqual([
    {
      size: "large",
      executors: 50,
      nodes: 9,
      command: "npm run submit -- worker/evaluations/pi.ts --environment prod --size large --total 100000000",
    },
    {
      size: "small",
      executors: 10,
      nodes: 10,
      command: "npm run submit -- worker/evaluations/pi.ts --environment prod --size small --total 100000000",
    },
  ]);
  // 200,000 core-seconds on 50 times 9.2 / 6 cores, and three seconds for the first parameter.
  expect(plans[0]?.computeSeconds).toBeCloseTo(200_000 / (50 * (9.2 / 6)) + 3, 6);
  const [plan] = plans;
  const beside = (plan?.requests.most ?? 0) + (plan?.storage.most ?? 0) + (plan?.nat.most ?? 0);
  expect(plan?.onDemandUsd).toBeCloseTo((plan?.cost.onDemandUsd ?? 0) + beside, 9);
  expect(plan?.spotUsd.least).toBeCloseTo((plan?.cost.spotUsd.least ?? 0) + beside, 9);
});

test("the speed of the pool's cores counts", () => {
  const [slow] = queuePlans(input(), both, settings(), "pi");
  const [fast] = queuePlans(input({ speed: 2 }), both, settings(), "pi");
  expect(fast?.computeSeconds).toBeCloseTo((slow?.computeSeconds ?? 0) / 2, 6);
});

test("the command has every setting that differs from its default, as words of a shell", () => {
  const changed = settings({
    EVALUATION_COMMAND: "python3 it's.py",
    RESULT_COLUMNS: "a,b",
    SEED: "7",
    BATCH_SIZE: "500",
    EVALUATION_CONCURRENCY: "64",
    EVALUATION_TIMEOUT_SECONDS: "90",
    MAX_FAILURES: "5",
    SIMULATE_WORK_MS: "2",
  });
  expect(queuePlans(input(), factsOf([{ size: "large" }]), changed, undefined)[0]?.command).toBe(
    "npm run submit -- --environment prod --size large --total 100000000 --batch-size 500 --seed 7 --command 'python3 it'\\''s.py' --columns a,b --concurrency 64 --timeout 90 --max-failures 5 --simulate-work-ms 2",
  );
});

test("the text has a row, the machines and the command of each size; without executors it is empty", () => {
  const lines = describeQueuePlans(queuePlans(input(), both, settings(), "collatz"), both).join("\n");
  expect(lines).toMatch(/│ on a queue of prod │ nodes │ executors │ +time │ +spot │ +on demand │/);
  expect(lines).toMatch(/│ large +│ +9 │ +50 │ 47 min 12 s │/);
  expect(lines).toContain("large: 0 to 50 executors on at most 9 c5.4xlarge of executor-large.");
  expect(lines).toContain("\n  npm run submit -- collatz --environment prod --size small --total 100000000");
  const none = factsOf([]);
  expect(describeQueuePlans(queuePlans(input(), none, settings(), "collatz"), none)).toEqual([]);
});
