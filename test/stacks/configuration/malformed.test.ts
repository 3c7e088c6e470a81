import { fromZero } from "../../../constructs/pools/capacity.ts";
import { describeProblem, show } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { existingVpc, problemsOf } from "../../support/fixtures.ts";

const job = { name: "a", nodePool: "executor", totalParameters: 100, workers: 1 };
const workload = (...jobs: unknown[]) => ({ workload: { namespace: "sweep", jobs } });
const pathsOf = (changes: object) =>
  problemsOf({ ...dev, ...changes }).map((problem) => describeProblem(problem).replace(/ must be .*/, ""));

// Malformed fields, wrong values beside them, and the paths that must be reported: all of these and no other.
test.each<[string, object, string[]]>([
  [
    "a job's total hides neither its workers nor its seed",
    workload({ ...job, totalParameters: "x", workers: 1.5, seed: -1 }),
    ["workload.jobs[0].totalParameters", "workload.jobs[0].seed", "workload.jobs[0].workers"],
  ],
  [
    "a job hides no problem of another job",
    workload({ ...job, workers: "3" }, { ...job, name: "b", seed: -1 }, "c"),
    ["workload.jobs[0].workers", "workload.jobs[2]", "workload.jobs[1].seed"],
  ],
  [
    "a job's settings do not hide its place",
    workload({ ...job, logLevel: "loud", nodePool: "nowhere" }),
    ["workload.jobs[0].logLevel", "workload.jobs[0].nodePool"],
  ],
  [
    "a job's place does not hide its settings",
    workload({ ...job, nodePool: 5, seed: -1 }),
    ["workload.jobs[0].nodePool", "workload.jobs[0].seed"],
  ],
  [
    "jobs do not hide the namespace and the image",
    { workload: { namespace: "default", image: "worker", jobs: "none" } },
    ["workload.jobs", "workload.namespace", "workload.image"],
  ],
  [
    "a name does not hide two other names that are equal",
    workload({ ...job, name: 5 }, job, job),
    ["workload.jobs[0].name", "workload.jobs[2].name"],
  ],
  [
    "a version does not hide administrators and logs",
    { cluster: { ...dev.cluster, kubernetesVersion: 1.35, administrators: ["me"], logRetentionInDays: 10 } },
    ["cluster.kubernetesVersion", "cluster.administrators[0]", "cluster.logRetentionInDays"],
  ],
  [
    "an administrator hides no other administrator",
    { cluster: { ...dev.cluster, administrators: [5, "me", ...dev.cluster.administrators] } },
    ["cluster.administrators[0]", "cluster.administrators[1]"],
  ],
  [
    "an add-on's version is not taken for a missing one",
    { cluster: { ...dev.cluster, addonVersions: { coredns: 1 } } },
    ["cluster.addonVersions.coredns"],
  ],
  [
    "a NAT mode does not hide the block and the flow logs",
    { network: { cidrBlock: "10.0.0.0", natGateways: "two", flowLogRetentionInDays: 45 } },
    ["network.natGateways", "network.cidrBlock", "network.flowLogRetentionInDays"],
  ],
  [
    "a block does not hide endpoints",
    { network: { cidrBlock: 10, interfaceEndpoints: ["sts", "sts"] } },
    ["network.cidrBlock", "network.interfaceEndpoints[1]"],
  ],
  ["a network is not taken for no network", { network: 5 }, ["network"]],
  [
    "a subnet does not hide the VPC and other subnets",
    {
      network: undefined,
      existingNetwork: {
        vpcId: "main",
        privateSubnetIds: { ...existingVpc.privateSubnetIds, "us-west-2a": 5, "us-west-2b": "b" },
      },
    },
    [
      "existingNetwork.privateSubnetIds.us-west-2a",
      "existingNetwork.vpcId",
      "existingNetwork.privateSubnetIds.us-west-2b",
    ],
  ],
  [
    "a budget's limit does not hide its addresses",
    { budget: { limitUsdPerMonth: "500", notifyEmails: ["team", 5, "x@example.com"] } },
    ["budget.limitUsdPerMonth", "budget.notifyEmails[1]", "budget.notifyEmails[0]"],
  ],
  [
    "a tag hides no other tag",
    { tags: { a: 1, "aws:b": "c", Environment: "x" } },
    ["tags.a", 'tags["aws:b"]', "tags.Environment"],
  ],
  [
    "the registry does not hide the results and the state",
    { registry: { forceDelete: "yes" }, results: { forceDestroy: 1, expirationInDays: 0 }, s3State: { bucket: "A" } },
    ["registry.forceDelete", "results.forceDestroy", "s3State.region", "results.expirationInDays", "s3State.bucket"],
  ],
  [
    "a region does not blame the zones",
    { region: 5, availabilityZones: ["us-west-2a", "us-west-2a"] },
    ["region", "availabilityZones[1]"],
  ],
  ["a zone does not blame the pools", { availabilityZones: ["us-west-2a", 5] }, ["availabilityZones[1]"]],
  [
    "a pool's capacity does not hide its disk and its labels",
    poolsWith({ capacity: 5, volumeSizeGiB: 10, labels: { "-a": "b" }, instanceTypes: ["m9.large"] }),
    ["capacity", "instanceTypes[0]", "labels.-a", "volumeSizeGiB"].map((path) => `nodePools.test.${path}`),
  ],
  [
    "a pool's type does not blame its other types",
    poolsWith({ instanceTypes: ["c5.2xlarge", 5], volumeSizeGiB: 10 }),
    ["nodePools.test.instanceTypes[1]", "nodePools.test.volumeSizeGiB"],
  ],
  [
    "a taint hides no other taint",
    poolsWith({ taints: [{ key: 5, effect: "NoSchedule" }, { key: "a b", effect: "NoSchedule" }, "x"] }),
    ["nodePools.test.taints[0].key", "nodePools.test.taints[2]", "nodePools.test.taints[1].key"],
  ],
  [
    "a pool's gpu does not blame its types",
    poolsWith({ instanceTypes: ["g5.xlarge"], gpu: "yes" }),
    ["nodePools.test.gpu"],
  ],
  [
    "a figure of an instance type blames neither other figures nor the pools",
    {
      instanceTypes: {
        "x1.huge": { vCpus: "8", memoryGiB: 16, networkInterfaces: 4, addressesPerInterface: 15 },
        "x1.tiny": { vCpus: 0, memoryGiB: 0, networkInterfaces: 4, addressesPerInterface: 15 },
      },
      nodePools: {
        ...dev.nodePools,
        executor: { ...dev.nodePools.executor, instanceTypes: ["c5.2xlarge", "x1.huge"] },
      },
    },
    ['instanceTypes["x1.huge"].vCpus', 'instanceTypes["x1.tiny"].vCpus', 'instanceTypes["x1.tiny"].memoryGiB'],
  ],
  [
    "a pool is not blamed on jobs and on the missing always-on pool",
    { nodePools: { general: { ...dev.nodePools.general, capacity: 2 }, executor: dev.nodePools.executor } },
    ["nodePools.general.capacity"],
  ],
  ["pools are not blamed on jobs", { nodePools: 5 }, ["nodePools"]],
  [
    "a misspelt field of a pool does not hide what its jobs ask for",
    {
      nodePools: { ...dev.nodePools, executor: { ...dev.nodePools.executor, capacityTyp: "SPOT" } },
      ...workload({ ...job, cpuRequestMillis: 8000, cpuLimitMillis: 8000 }),
    },
    ["nodePools.executor.capacityTyp", "workload.jobs[0].cpuRequestMillis"],
  ],
  [
    "the only pool of a size is not blamed on its jobs",
    {
      nodePools: { ...dev.nodePools, "executor-large": { ...dev.nodePools["executor-large"], volumeSizeGiB: "x" } },
      ...workload({ name: "a", size: "large", totalParameters: 100, workers: 1 }),
    },
    ["nodePools.executor-large.volumeSizeGiB"],
  ],
  [
    "a pool of a size does not hide that a job fits on no other pool of the size",
    {
      nodePools: { ...dev.nodePools, other: { ...dev.nodePools["executor-large"], volumeSizeGiB: "x" } },
      ...workload({ name: "a", size: "large", totalParameters: 100, workers: 1, cpuRequestMillis: 16_000 }),
    },
    ["nodePools.other.volumeSizeGiB", "workload.jobs[0].cpuRequestMillis"],
  ],
  [
    "workers do not blame the parallelism",
    workload({ ...job, workers: "50", parallelism: 40, maxFailedIndexes: 20 }),
    ["workload.jobs[0].workers"],
  ],
  [
    "requests do not blame the limits",
    workload({ ...job, cpuRequestMillis: "1", cpuLimitMillis: 50, memoryRequestMiB: "1", memoryLimitMiB: 200 }),
    ["workload.jobs[0].cpuRequestMillis", "workload.jobs[0].memoryRequestMiB"],
  ],
  [
    "a command does not blame its columns",
    workload({ ...job, evaluation: "prime", evaluationCommand: 5, resultColumns: ["a"] }),
    ["workload.jobs[0].evaluationCommand"],
  ],
])("when malformed, %s", (_, changes, paths) => {
  expect(pathsOf(changes).sort()).toEqual([...paths].sort());
});

function poolsWith(changes: object) {
  const test = { instanceTypes: ["c5.2xlarge"], capacity: fromZero(5), ...changes };
  return { nodePools: { ...dev.nodePools, test } };
}

test("nothing else is reported of an environment without any field than what is missing", () => {
  expect(problemsOf({}).map(({ path, got }) => [path, got])).toEqual(
    ["name", "accountId", "region", "availabilityZones", "cluster", "nodePools", "workload", "network"].map((field) => [
      [field],
      "nothing",
    ]),
  );
});

describe("a value that JSON cannot hold", () => {
  const circular: { itself?: object } = {};
  circular.itself = circular;

  test.each<[string, unknown, string]>([
    ["NaN", Number.NaN, "NaN"],
    ["infinity", Number.POSITIVE_INFINITY, "Infinity"],
    ["a BigInt", 3n, "3n"],
    ["a circular object", circular, "a value that contains itself"],
    ["a function", Math.max, "function max() { [native code] }"],
    ["a list with NaN and a BigInt", [Number.NaN, 3n], '["NaN","3n"]'],
  ])("such as %s is reported as it is", (_, value, got) => {
    expect(show(value)).toBe(got);
    expect(problemsOf({ ...dev, tags: { a: value } }).map(describeProblem)).toEqual([
      `tags.a must be a text, got ${got}: use for example "research"`,
    ]);
    expect(problemsOf({ ...dev, ...workload({ ...job, workers: value }) })).toMatchObject([{ got }]);
  });
});
