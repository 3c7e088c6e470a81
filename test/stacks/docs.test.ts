import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { allocatable } from "../../constructs/pools/allocatable.ts";
import { dynamic, fromZero } from "../../constructs/pools/capacity.ts";
import { simulatedKubeProxy } from "../../constructs/pools/daemon-sets.ts";
import { type InstanceType, instanceTypes } from "../../constructs/pools/instance-types.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import type { NodePoolOptions } from "../../constructs/pools/node-pool-options.ts";
import { roomForPods } from "../../constructs/pools/node-target.ts";
import { describeProblem } from "../../constructs/support/problems.ts";
import { dev } from "../../environments.ts";
import { problemsOf } from "../support/fixtures.ts";

const read = (name: string) => readFileSync(join(__dirname, "..", "..", "docs", name), "utf8");
const examplesOf = (text: string) =>
  [...text.matchAll(/```ts\n(workload: [\s\S]*?)```/g)].map(([, example = ""]) => example.replace("[...]", "[]"));
const examples = ["image.md", "jobs.md", "queue.md"].flatMap((name) =>
  examplesOf(read(name)).map((text) => [name, text] as const),
);

/** The files that the examples tell their readers to write. */
const programs = {
  "evaluations/evaluate.py": { isExecutable: false },
  "evaluations/detect.py": { isExecutable: false },
};

test("the docs have examples of workloads", () => {
  expect(examples.map(([name]) => name)).toEqual(["image.md", "image.md", "jobs.md", "queue.md"]);
});

test.each(examples)("an example of a workload in %s is one that can be deployed", (_, text) => {
  const { workload } = runInNewContext(`({${text}})`);
  // Through JSON, since its lists are of another realm.
  const environment = { ...dev, workload: JSON.parse(JSON.stringify(workload)) };
  expect(problemsOf(environment, programs).map(describeProblem)).toEqual([]);
});

test("docs/ingress.md shows an entry from outside that can be deployed", () => {
  const [, example = ""] = /```ts\n(services: [\s\S]*?)```/.exec(read("ingress.md")) ?? [];
  const { services } = runInNewContext(`({${example}})`);
  expect(services.ingress.host).toBeDefined();
  const environment = { ...dev, services: JSON.parse(JSON.stringify(services)) };
  expect(problemsOf(environment).map(describeProblem)).toEqual([]);
});

describe("docs/machines.md", () => {
  const text = read("machines.md");
  const [, example = ""] = /```ts\n(nodePools: [\s\S]*?)```/.exec(text) ?? [];

  test("shows pools of ARM machines that can be deployed, with the jobs of dev", () => {
    const { nodePools: given } = runInNewContext(`({${example}})`, { dynamic, fromZero });
    const nodePools = JSON.parse(JSON.stringify(given));
    const { jobs } = dev.workload;
    const workload = { ...dev.workload, jobs: jobs.filter((job) => "nodePool" in job && job.nodePool === "executor") };
    expect(workload.jobs).not.toEqual([]);
    expect(problemsOf({ ...dev, nodePools, workload }).map(describeProblem)).toEqual([]);
    const pools = Object.entries<NodePoolOptions>(nodePools).map(([name, pool]) => new NodePool({ ...pool, name }));
    expect(pools.map(({ amiType }) => amiType)).toEqual(["AL2023_ARM_64_STANDARD", "AL2023_ARM_64_STANDARD"]);
  });

  test("shows the room on a node, row by row", () => {
    const rows = [...text.matchAll(/^\| .* \| ([\d,]+)m \| ([\d,]+)m \|$/gm)].map(([, ...cells]) => cells);
    const figures = rows.map((cells) => cells.map((cell) => Number(cell.replace(",", ""))));
    const columns = ["c5.2xlarge", "t3.large"].map((name) => {
      const type = instanceTypes[name] as InstanceType;
      const own = allocatable(type, 50);
      const { cpuMillis: room } = roomForPods({ allocatable: own, gpu: false });
      return [type.vCpus * 1000, own.cpuMillis, room + simulatedKubeProxy.cpuRequestMillis, room];
    });
    expect(figures).toEqual(columns[0]?.map((figure, row) => [figure, columns[1]?.[row]]));
  });
});
