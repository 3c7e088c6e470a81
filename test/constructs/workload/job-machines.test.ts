import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatCount } from "sweep-worker/contract";
import { fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { executorsOfSize, type NodeTarget, roomForPods } from "../../../constructs/pools/node-target.ts";
import { machinesFor, machinesRemark, podsPerNode } from "../../../constructs/workload/job-machines.ts";
import { WorkerJob } from "../../../constructs/workload/worker-job.ts";
import type { WorkerJobSettings } from "../../../constructs/workload/worker-job-settings.ts";
import { dev, prod } from "../../../environments.ts";
import { synthesize } from "../../support/synthesized.ts";
import { jobProps } from "../../support/workload.ts";

const room = { cpuMillis: 7750, memoryMiB: 14_000, ephemeralStorageMiB: 40_000, gpus: 2, pods: 54 };
const pod = { cpuRequestMillis: 100, memoryRequestMiB: 128, temporaryStorageMiB: 84, gpus: 0 };

describe("a node has room for as many pods as", () => {
  test.each([
    ["the number of pods that it can hold", {}, 54],
    ["its CPU", { cpuRequestMillis: 2000 }, 3],
    ["its CPU, to the last thousandth", { cpuRequestMillis: 3875 }, 2],
    ["its CPU, without the first thousandth too many", { cpuRequestMillis: 3876 }, 1],
    ["its memory", { memoryRequestMiB: 5000 }, 2],
    ["its storage", { temporaryStorageMiB: 20_000 }, 2],
    ["its GPUs", { gpus: 1 }, 2],
    ["none of a pod that is too large", { gpus: 3 }, 0],
  ])("%s", (_, changes, fits) => {
    expect(podsPerNode(room, { ...pod, ...changes })).toBe(fits);
  });

  test("none if its DaemonSets take more than all of its places", () => {
    expect(podsPerNode({ ...room, pods: -1 }, pod)).toBe(0);
  });
});

test.each([
  [1, 54, 10, { needed: 1, nodes: 1, pods: 1 }],
  [54, 54, 10, { needed: 1, nodes: 1, pods: 54 }],
  [55, 54, 10, { needed: 2, nodes: 2, pods: 55 }],
  [50, 1, 50, { needed: 50, nodes: 50, pods: 50 }],
  [50, 1, 10, { needed: 50, nodes: 10, pods: 10 }],
  [50, 7, 3, { needed: 8, nodes: 3, pods: 21 }],
])("%d pods, %d on a node, in a pool of %d nodes", (pods, fits, maximum, machines) => {
  expect(machinesFor(pods, fits, maximum)).toEqual(machines);
});

const pool = (changes: Partial<NodePoolProps> = {}) =>
  new NodePool({ name: "executor", instanceTypes: ["c5.2xlarge", "c5a.2xlarge"], capacity: fromZero(10), ...changes });
const of = (changes: Partial<WorkerJobSettings>, target: NodeTarget = pool()) =>
  machinesRemark({ name: "sweep", totalParameters: 1000, workers: 50, ...changes }, target);
const { cpuMillis, memoryMiB } = roomForPods(pool());
const cores = Math.round(cpuMillis / 100) / 10;
const small = { cpuRequestMillis: 100, cpuLimitMillis: 100, memoryLimitMiB: 128 };
const wholeCore = { cpuRequestMillis: 1000, cpuLimitMillis: 1000 };
const sized = (name: string, type: string) =>
  pool({ name, instanceTypes: [type], labels: { "executor-size": "large" }, capacity: fromZero(4) });
const large = executorsOfSize([sized("a", "c5.2xlarge"), sized("b", "c5.2xlarge")], "large");
const mixed = executorsOfSize([sized("a", "c5.2xlarge"), sized("b", "c5.4xlarge")], "large");

test.each([
  [{ totalParameters: 3, workers: 50 }, "47 workers have no parameter, because the run has 3: use workers: 3"],
  [{ totalParameters: 49, workers: 50 }, "1 worker has no parameter, because the run has 49: use workers: 49"],
  [{ totalParameters: 0, workers: 2 }, "2 workers have no parameter, because the run has 0: raise totalParameters"],
])("a warning says which workers have nothing to do: %j", (changes, warning) => {
  const { isWarning, text } = of({ ...small, ...changes });
  expect({ isWarning, parts: text.split("; ") }).toEqual({
    isWarning: true,
    parts: [expect.stringMatching(/ fit on /), warning],
  });
  expect(of({ ...small, totalParameters: 50, workers: 50 }).isWarning).toBe(false);
});

describe("a job's author is told", () => {
  test.each<[string, Partial<WorkerJobSettings>, NodeTarget | undefined, string]>([
    ["one machine", { ...small, workers: 3 }, pool(), "3 workers fit on 1 c5.2xlarge of executor"],
    ["one worker", { ...small, workers: 1 }, pool(), "1 worker fits on 1 c5.2xlarge of executor"],
    ["several", { ...wholeCore }, pool(), "50 workers fit on 8 c5.2xlarge of executor"],
    [
      "a machine for each",
      { placement: "one-per-node" },
      pool({ capacity: fromZero(50) }),
      "50 workers need 50 c5.2xlarge of executor, one for each",
    ],
    [
      "a lone one",
      { placement: "one-per-node", workers: 1 },
      pool(),
      "1 worker needs 1 c5.2xlarge of executor, one for each",
    ],
    [
      "a part of the workers at a time",
      { ...wholeCore, parallelism: 20 },
      pool(),
      "20 of 50 workers at a time fit on 3 c5.2xlarge of executor",
    ],
    [
      "a paused job, as if it ran",
      { ...wholeCore, parallelism: 0 },
      pool(),
      "50 workers fit on 8 c5.2xlarge of executor",
    ],
    [
      "a GPU for each",
      { workers: 3 },
      pool({ name: "gpu", instanceTypes: ["g4dn.xlarge"], gpu: true }),
      "3 workers need 3 g4dn.xlarge of gpu, one for each",
    ],
    ["all pools of a size", { ...wholeCore }, large, "50 workers fit on 8 c5.2xlarge of a or b"],
    ["pools of unequal machines", { ...wholeCore, workers: 8 }, mixed, "8 workers fit on 2 machines of a or b"],
    [
      "thousands",
      { ...small, totalParameters: 60_000, workers: 60_000, parallelism: 1 },
      pool(),
      "1 of 60,000 workers at a time fits on 1 c5.2xlarge of executor",
    ],
  ])("of %s", (_, changes, target, text) => {
    expect(of(changes, target)).toEqual({ isWarning: false, text });
  });

  test.each<[string, Partial<WorkerJobSettings>, NodeTarget | undefined, string]>([
    [
      "a pool that allows fewer",
      { placement: "one-per-node" },
      pool(),
      "50 workers need 50 c5.2xlarge of executor, one for each; executor allows 10, so that 10 run at a time and the others wait for them",
    ],
    [
      "a size whose pools allow fewer together",
      { placement: "one-per-node" },
      large,
      "50 workers need 50 c5.2xlarge of a or b, one for each; a or b allows 8, so that 8 run at a time and the others wait for them",
    ],
    [
      "limits beyond the machine: the case of issue 11",
      {},
      pool({ capacity: fromZero(50) }),
      `50 workers fit on 1 c5.2xlarge of executor; 50 on a machine may use 25 of ${cores} cores together: request what a worker uses (cpuRequestMillis), or use placement "one-per-node"`,
    ],
    [
      "memory beyond the machine",
      { ...wholeCore, workers: 7, memoryLimitMiB: 4000 },
      pool(),
      `7 workers fit on 1 c5.2xlarge of executor; 7 on a machine may use 28,000 of ${formatCount(memoryMiB)} MiB together: request what a worker uses (memoryRequestMiB), or use placement "one-per-node"`,
    ],
  ])("and warned of %s", (_, changes, target, text) => {
    expect(of(changes, target)).toEqual({ isWarning: true, text });
  });
});

describe("the jobs of our own environments", () => {
  const remark = ({ nodePools, workload }: typeof dev) => {
    const [job] = workload.jobs;
    if (job?.nodePool === undefined) throw new Error("there is a job with a pool");
    const target = nodePools[job.nodePool];
    if (target === undefined) throw new Error("the pool is there");
    return machinesRemark(job, new NodePool({ name: job.nodePool, ...target }));
  };

  test("run on one machine in dev, with the requests and limits of the mission", () => {
    expect(remark(dev)).toEqual({ isWarning: false, text: "3 workers fit on 1 c5.2xlarge of executor" });
  });

  test("run on as many machines as prod's pool allows", () => {
    expect(remark(prod)).toEqual({
      isWarning: false,
      text: "50 workers need 50 c5.2xlarge of executor, one for each",
    });
  });
});

test.each([
  ["@cdktf/info", {}, "ttg-computation: 3 workers fit on 1 c5.2xlarge of executor"],
  [
    "@cdktf/warn",
    { workers: 51, placement: "one-per-node" },
    /^ttg-computation: 51 workers need 51 .* executor allows 50/,
  ],
] as const)("synthesis prints it: %s", (level, changes, text) => {
  synthesize((stack) => {
    const { node } = new WorkerJob(stack, "job", jobProps(changes));
    expect(node.metadata).toEqual([expect.objectContaining({ type: level, data: expect.stringMatching(text) })]);
  });
});

test("docs/jobs.md shows what cdktf prints", () => {
  const [computation] = dev.workload.jobs;
  const target = (name: string) => {
    const options = dev.nodePools[name];
    if (options === undefined) throw new Error(`dev has the pool ${name}`);
    return new NodePool({ name, ...options });
  };
  const big = { name: "big", totalParameters: 1_000_000, workers: 40, placement: "one-per-node" } as const;
  const large = executorsOfSize([target("executor-large")], "large");
  if (computation === undefined || large === undefined) throw new Error("dev has a job, and a pool of the size large");
  const lines = [
    `INFO [dev-workload/job-ttg-computation]: ttg-computation: ${machinesRemark(computation, target("executor")).text}`,
    `WARN [dev-workload/job-big]: big: ${machinesRemark(big, large).text}`,
  ];
  const jobs = readFileSync(join(__dirname, "../../../docs/jobs.md"), "utf8");
  expect(jobs).toContain(`\`\`\`text\n${lines.join("\n")}\n\`\`\``);
});
