import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { problemsOf, resolved } from "../../support/fixtures.ts";

const messagesOf = (executors: unknown, changes: object = {}) =>
  problemsOf({ ...dev, ...changes, workload: { ...dev.workload, executors } }).map(describeProblem);

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, unknown, string[]]>([
  [
    "executors that are no list",
    { size: "large" },
    [
      'workload.executors must be a list of executors, got {"size":"large"}: use for example [{ size: "large", max: 50 }]',
    ],
  ],
  [
    "executors without a size",
    [{}],
    ['workload.executors[0].size must be "small", "large" or "gpu", got nothing: use for example "large"'],
  ],
  [
    "executors of one size twice",
    [{ size: "large" }, { size: "gpu" }, { size: "large", max: 3 }],
    [
      'workload.executors[2].size must be different from the sizes of the executors before it, because each size has one queue, got "large": remove one of the two',
    ],
  ],
  [
    "executors whose default request no small node has room for",
    [{ size: "small" }],
    [
      "workload.executors[0].cpuRequestMillis must be 1,650 thousandths of a core or less, got 2000, the default: a node of executor-small has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes",
    ],
  ],
  [
    "executors that request more than a node has, and use half of it for files",
    [{ size: "large", cpuRequestMillis: 16_000, memoryRequestMiB: 32_768 }],
    [
      "workload.executors[0].cpuRequestMillis must be 15,610 thousandths of a core or less, got 16000: a node of executor-large has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes",
      "workload.executors[0].memoryRequestMiB must be 27,425 MiB or less, got 32768: a node of executor-large has no more room for pods; ask for less, or use a pool of larger nodes",
    ],
  ],
  [
    "executors with less memory than their processes need",
    [{ size: "large", memoryRequestMiB: 256 }],
    [
      "workload.executors[0].memoryRequestMiB must be 369 MiB or more, got 256: an executor with 2 slots needs as much; raise it, or use fewer slots",
    ],
  ],
  [
    "executors with less memory than one slot needs",
    [{ size: "large", memoryRequestMiB: 200, slots: 1 }],
    [
      "workload.executors[0].memoryRequestMiB must be 246 MiB or more, got 200: an executor with 1 slot needs as much; raise it, or use fewer slots",
    ],
  ],
  [
    "executors that share a GPU",
    [{ size: "gpu", slots: 2 }],
    [
      "workload.executors[0].slots must be 1 on the GPUs of gpu, got 2: an executor has one GPU, which one evaluation uses; leave it out",
    ],
  ],
  [
    "a wrong type beside a request that no node has room for",
    [{ size: "large", max: "50", cpuRequestMillis: 16_000 }],
    [
      'workload.executors[0].max must be a whole number from 1 to 10,000, got "50": use for example 50',
      "workload.executors[0].cpuRequestMillis must be 15,610 thousandths of a core or less, got 16000: a node of executor-large has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes",
    ],
  ],
])("%s: the author is told everything at once", (_, executors, messages) => {
  expect(messagesOf(executors)).toEqual(messages);
});

test("executors of a size that no pool has", () => {
  const { "executor-large": _, ...nodePools } = dev.nodePools;
  expect(messagesOf([{ size: "large" }], { nodePools })).toEqual([
    'workload.executors[0].size must be "small" or "gpu", got "large": label a pool with "executor-size": "large"',
  ]);
  const { general = {}, executor = {} } = dev.nodePools;
  expect(messagesOf([{ size: "large" }], { nodePools: { general, executor } })).toEqual([
    'workload.executors[0].size must be that of a pool, but no pool has the label executor-size, got "large": label a pool with "executor-size": "large"',
  ]);
});

test("executors on nodes whose volumes have less room than half of their memory", () => {
  const large = {
    instanceTypes: ["r5.4xlarge"],
    capacity: dev.nodePools["executor-large"]?.capacity,
    volumeSizeGiB: 20,
  };
  const nodePools = { ...dev.nodePools, "executor-large": { ...large, labels: { "executor-size": "large" } } };
  expect(messagesOf([{ size: "large", memoryRequestMiB: 65_536 }], { nodePools })).toEqual([
    "workload.executors[0].memoryRequestMiB must be 33,934 MiB or less, got 65536: /tmp is half as large, and a volume of executor-large has no more room for it; ask for less, or use a pool with larger volumes",
  ]);
  expect(messagesOf([{ size: "large", memoryRequestMiB: 33_934 }], { nodePools })).toEqual([]);
  expect(messagesOf([{ size: "large", memoryRequestMiB: 33_935 }], { nodePools })).toHaveLength(1);
});

test("a job may not have the name of the folder of executors, where there are any", () => {
  const [job] = dev.workload.jobs;
  const workload = { ...dev.workload, jobs: [{ ...job, name: "queue" }] };
  expect(problemsOf({ ...dev, workload })).toEqual([]);
  expect(
    problemsOf({ ...dev, workload: { ...workload, executors: [{ size: "large" }] } }).map(describeProblem),
  ).toEqual([
    'workload.jobs[0].name must be a name other than "queue", which is the folder of the results of executors, got "queue": rename the job',
  ]);
});

test("executors have the defaults of their size, and nothing has any without executors", () => {
  const resolvedOf = (executors?: NonNullable<typeof dev.workload.executors>) =>
    resolved({ ...dev, workload: { ...dev.workload, executors } }).workload.executors.map(({ options }) => options);
  expect(resolvedOf()).toEqual([]);
  const defaults = { max: 50, cpuRequestMillis: 2000, memoryRequestMiB: 4096, sliceSeconds: 30 };
  expect(
    resolvedOf([{ size: "large" }, { size: "small", cpuRequestMillis: 1500, memoryRequestMiB: 3072 }, { size: "gpu" }]),
  ).toEqual([
    { size: "large", ...defaults, slots: 2 },
    { size: "small", ...defaults, slots: 1, cpuRequestMillis: 1500, memoryRequestMiB: 3072 },
    { size: "gpu", ...defaults, slots: 1 },
  ]);
});
