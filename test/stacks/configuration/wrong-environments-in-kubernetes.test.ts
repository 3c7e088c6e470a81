import { type Capacity, dynamic, fixed, fromZero } from "../../../constructs/pools/capacity.ts";
import { dev } from "../../../environments.ts";
import { messagesWith, type Place, passed, type WrongValue } from "../../support/wrong-environments.ts";

const each = (place: Place, values: readonly unknown[]) => values.map((value): WrongValue => [place, value]);
const numbered = (count: number, one: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => one(index));
const taint = (key: string, value = "a", effect = "NoSchedule") => ({ key, value, effect });
const digest = "0123456789abcdef".repeat(4);
const strange = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, "8", 3n, null, true, []];

/** A change of the pool `executor`. */
const pool = (field: string, value: unknown, named = field): WrongValue => [
  `nodePools.executor.${field}`,
  value,
  `nodePools.executor.${named}`,
];
const job = (field: string): Place => ["workload", "jobs", 0, field];
const jobs = (...changes: readonly object[]) => changes.map((change) => ({ ...dev.workload.jobs[0], ...change }));

const types = [
  "c5.2xlarge",
  "c5a.2xlarge",
  "c5ad.2xlarge",
  "c5d.2xlarge",
  "c6a.2xlarge",
  "c6i.2xlarge",
  "c6id.2xlarge",
  "c7i.2xlarge",
];
const figures = { vCpus: 8, memoryGiB: 16, networkInterfaces: 4, addressesPerInterface: 15 };
const own = Object.fromEntries(numbered(21, (index) => `x${index}.large`).map((name) => [name, figures]));

const wrongPools: readonly WrongValue[] = [
  ...["", "Executor", "a_b", "1a", "-a", "a-", "a".repeat(31), "a.b", "a b", "ä"].map(
    (name): WrongValue => ["nodePools", { ...dev.nodePools, [name]: dev.nodePools.executor }, ["nodePools", name]],
  ),
  ["nodePools", {}],
  ["nodePools", { executor: dev.nodePools.executor }],
  pool("instanceTypes", []),
  pool("instanceTypes", ["c5.2xlarge", "c5.2xlarge"]),
  pool("instanceTypes", ["c5.2xlarge", "c5.4xlarge"]),
  pool("instanceTypes", ["g4dn.xlarge"]),
  ...["c5.2xlarg", "c5", "", "t3.Large", "c5.2xlarge ", "constructor", "__proto__", "toString"].map(
    (type): WrongValue => [["nodePools", "executor", "instanceTypes", 0], type],
  ),
  ["nodePools.gpu.gpu", false, "nodePools.gpu"],
  ["nodePools.gpu.instanceTypes", ["c5.2xlarge"]],
  ["nodePools.gpu", { ...dev.nodePools.gpu, gpu: false, instanceTypes: ["c5.2xlarge"] }, "nodePools.gpu.gpu"],
  [
    "nodePools.gpu",
    { ...dev.nodePools.gpu, gpu: undefined, labels: {}, instanceTypes: ["c5.2xlarge"] },
    "nodePools.gpu.gpu",
  ],
  ...[
    dynamic(-1, 4),
    dynamic(4, 2),
    dynamic(0.5, 4),
    dynamic(0, 451),
    dynamic(1, 2 ** 31),
    fixed(0),
    fromZero(0),
    fromZero(-1),
  ].map((capacity) => pool("capacity", capacity)),
  ...[
    fixed(Number.NaN),
    fromZero(Number.POSITIVE_INFINITY),
    dynamic(2, Number.NaN),
    fromZero(-0),
    fromZero("5" as unknown as number),
  ].map((capacity) => pool("capacity", capacity)),
  ...[
    5,
    null,
    {},
    { mode: "fixed", min: 1, max: 2 },
    { mode: "fromZero", min: 1, max: 2 },
    { mode: "auto", min: 1, max: 2 },
  ].map((capacity) => pool("capacity", capacity as Capacity)),
  ...each("nodePools.executor.capacityType", ["spot", "CAPACITY_BLOCK", "", null]),
  [
    "nodePools.general",
    { ...dev.nodePools.general, capacityType: "SPOT", capacity: fixed(1) },
    "nodePools.general.capacityType",
  ],
  [
    "nodePools.general",
    { ...dev.nodePools.general, capacityType: "SPOT", capacity: dynamic(1, 4) },
    "nodePools.general.capacityType",
  ],
  ["nodePools.general.capacity", fromZero(4), "nodePools"],
  ["nodePools.general.taints", [taint("a")], "nodePools"],
  ...each("nodePools.executor.volumeSizeGiB", [0, 19, 16_385, 50.5, 2 ** 31, ...strange]),
  ...each("nodePools.executor.availabilityZones", [[], ["us-west-2a", "us-west-2a"]]),
  ...each(["nodePools", "executor", "availabilityZones"], [["us-east-1a"], ["usw2-az1"], [""]]).map(
    ([place, value]): WrongValue => [place, value, ["nodePools", "executor", "availabilityZones", 0]],
  ),
  // Labels and taints.
  ...[
    "",
    "-a",
    "a b",
    "a/b/c",
    "/a",
    "a/",
    "A.com/a",
    "a".repeat(64),
    `${"a".repeat(60)}.com/a`,
    "kubernetes.io/a",
    "ä",
    "node-pool",
  ].map((key): WrongValue => ["nodePools.executor.labels", { [key]: "a" }, ["nodePools", "executor", "labels", key]]),
  ...["eks.amazonaws.com/nodegroup", "node-pool-kind", "topology.kubernetes.io/zone", "x.k8s.io/a"].map(
    (key): WrongValue => ["nodePools.executor.labels", { [key]: "a" }, ["nodePools", "executor", "labels", key]],
  ),
  ...each("nodePools.executor.labels.team", [
    "",
    "-a",
    "a-",
    "a b",
    "a/b",
    "a".repeat(64),
    "ä",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
    "${a}",
    "a:b",
    5,
    null,
    true,
  ]),
  ["nodePools.executor.labels", Object.fromEntries(numbered(40, (index) => `label-${index}`).map((key) => [key, "a"]))],
  ["nodePools.executor.taints", numbered(51, (index) => `key-${index}`).map((key) => taint(key))],
  ["nodePools.executor.taints", [taint("a"), taint("a", "b")], ["nodePools", "executor", "taints", 1]],
  ...[
    "",
    "-a",
    "a b",
    "a/b/c",
    "a".repeat(64),
    "node.kubernetes.io/not-ready",
    "node.cloudprovider.kubernetes.io/shutdown",
  ].map(
    (key): WrongValue => ["nodePools.executor.taints", [taint(key)], ["nodePools", "executor", "taints", 0, "key"]],
  ),
  ...["a b", "a".repeat(64), "-", "a:b"].map(
    (value): WrongValue => [
      "nodePools.executor.taints",
      [taint("a", value)],
      ["nodePools", "executor", "taints", 0, "value"],
    ],
  ),
  ...["NO_SCHEDULE", "noschedule", "", "Never"].map(
    (effect): WrongValue => [
      "nodePools.executor.taints",
      [taint("a", "a", effect)],
      ["nodePools", "executor", "taints", 0, "effect"],
    ],
  ),
  // AWS describes other figures.
  ...Object.entries({ vCpus: 96, memoryGiB: 8, networkInterfaces: 4, addressesPerInterface: 15 }).map(
    ([figure, value]): WrongValue => [
      "instanceTypes",
      {
        "c5.large": { vCpus: 2, memoryGiB: 4, networkInterfaces: 3, addressesPerInterface: 10, [figure]: value },
      },
      ["instanceTypes", "c5.large", figure],
    ],
  ),
  [
    "instanceTypes",
    {
      "c7g.large": {
        vCpus: 2,
        memoryGiB: 4,
        networkInterfaces: 3,
        addressesPerInterface: 10,
        architecture: "x86_64",
      },
    },
    ["instanceTypes", "c7g.large", "architecture"],
  ],
  ...[0, 1.5, 3, 1e9].map(
    (threadsPerCore): WrongValue => [
      "instanceTypes",
      { "x1.huge": { ...figures, threadsPerCore } },
      ["instanceTypes", "x1.huge", "threadsPerCore"],
    ],
  ),
  // Figures that are no figures.
  ...["vCpus", "networkInterfaces", "addressesPerInterface", "memoryGiB"].flatMap((figure) =>
    [0, -1, 2 ** 31, ...strange].map(
      (value): WrongValue => [
        "instanceTypes",
        { "x1.huge": { ...figures, [figure]: value } },
        ["instanceTypes", "x1.huge", figure],
      ],
    ),
  ),
  ...[-1, 0.5, 65, Number.NaN].map(
    (gpus): WrongValue => [
      "instanceTypes",
      { "p9.big": { ...figures, gpus, accelerator: "a" } },
      ["instanceTypes", "p9.big", "gpus"],
    ],
  ),
  ...[undefined, "", "a b", "-a", "a".repeat(64)].map(
    (accelerator): WrongValue => [
      "instanceTypes",
      { "p9.big": { ...figures, gpus: 1, accelerator } },
      ["instanceTypes", "p9.big", "accelerator"],
    ],
  ),
  ...["", "huge", "X1.huge", "x1.huge.metal", "x1 .huge"].map(
    (name): WrongValue => ["instanceTypes", { [name]: figures }, ["instanceTypes", name]],
  ),
];

const reference = "workload.image";
const wrongJobs: readonly WrongValue[] = [
  ...each("workload.namespace", [
    "",
    "default",
    "kube-system",
    "kube-mine",
    "Sweep",
    "a_b",
    "1a",
    "a".repeat(64),
    "a.b",
    "a b",
  ]),
  ...each(reference, [
    "worker",
    "worker:latest",
    "Worker:1",
    "registry.example.com/Team/worker:1",
    "worker:",
    ":1",
    "worker@",
    "",
  ]),
  ...each(reference, [
    "worker:1 ",
    " worker:1",
    "worker:-1",
    `worker:${"a".repeat(129)}`,
    "worker:a/b",
    "a//b:1",
    "/a:1",
    "a/:1",
  ]),
  ...each(reference, [
    `worker@sha256:${digest.slice(1)}`,
    `worker@sha256:${digest.toUpperCase()}`,
    `worker@md5:${digest}`,
    `worker@${digest}`,
  ]),
  ...each(reference, [
    `worker@sha256:${digest}0`,
    `a@sha256:${digest}@sha256:${digest}`,
    "https://registry.example.com/worker:1",
  ]),
  ...each(reference, [
    "registry.example.com:99999/worker:1",
    "registry.example.com:0/worker:1",
    "registry.example.com:/worker:1",
  ]),
  ...each(reference, [
    "registry.example.com:port/worker:1",
    "-registry.example.com/worker:1",
    "a___b:1",
    "a..b:1",
    "a-:1",
    "_a:1",
  ]),
  ...each(reference, [
    `${"a/".repeat(127)}abc:1`,
    "worker:1\n",
    "wörker:1",
    "scratch:1",
    "docker.io/library/scratch:1",
    `${digest}:1`,
    "docker run worker:1",
    "worker:1:2",
    "localhost:5000/b",
  ]),
  ...each("workload.baseImage", ["python", "python:latest", "Python:3.13", "python:3.13 as base", ""]),
  ...each(job("name"), ["", "TTG", "a_b", "1a", "-a", "a-", "a".repeat(60), "a.b", "ä", 5]),
  ...each(job("workers"), [0, -1, 1.5, 100_001, 2 ** 31, 2 ** 53, ...strange]),
  ...each(job("parallelism"), [-1, 1.5, 4, 2 ** 31, ...strange]),
  ...each(job("maxFailedIndexes"), [-1, 1.5, 4, 2 ** 31, ...strange]),
  ...each(job("backoffLimitPerIndex"), [-1, 1.5, 2 ** 31, ...strange]),
  ...each(job("totalParameters"), [-1, 1.5, 2 ** 53, ...strange]),
  ...each(job("batchSize"), [0, -1, 1.5, 10_000_001, ...strange]),
  ...each(job("seed"), [-1, 1.5, 2 ** 53, ...strange]),
  // CPU in a quantity of Kubernetes, or so little that a container cannot have it.
  ...each(job("cpuRequestMillis"), ["0.0001", "100u", "1e3", "100m", 0, 1, 0.1, 9, 2 ** 31, 8000, ...strange]),
  ...each(job("cpuLimitMillis"), ["0.0001", "1", 0, 1, 9, 99, 2 ** 31, 0.5, ...strange]),
  ...each(job("memoryRequestMiB"), ["128Mi", 0, -1, 1.5, 2 ** 31, 100_000, ...strange]),
  ...each(job("memoryLimitMiB"), ["256Mi", 0, -1, 100, 2 ** 31, ...strange]),
  ...each(job("temporaryStorageMiB"), ["1Gi", 0, -1, 2 ** 31, 100_000, ...strange]),
  ...each(job("gpus"), [1, -1, 0.5, 2 ** 31, "1", Number.NaN]),
  ...each(job("evaluationTimeoutSeconds"), [-1, 1_000_001, ...strange]),
  ...each(job("evaluationConcurrency"), [0, 1.5, 10_001, ...strange]),
  ...each(job("stopGraceSeconds"), [-1, 61, ...strange]),
  ...each(job("maxFailures"), [-1, 1.5, 2 ** 53, ...strange]),
  ...each(job("s3RequestTimeoutMs"), [0, 1.5, 3_600_001, ...strange]),
  ...each(job("simulateWorkMs"), [-1, 3_600_001, ...strange]),
  ...each(job("placement"), ["Spread", "one-per-zone", "", null]),
  ...each(job("partition"), ["cyclic", "", null]),
  ...each(job("logLevel"), ["INFO", "loud", "", null]),
  ...each(job("evaluation"), ["", "colatz", "../secrets", "collatz.ts", "/etc/passwd", 5]),
  ...each(job("resultColumns"), [["a"], [], ["a", "A"], ["a b"], "a"]),
  ...each(job("secretName"), ["", "My_Secret", "a".repeat(254), "a..b", "-a", "a.", "a/b", 5]),
  ...each(job("runName"), ["", "Run_1", "a".repeat(64), "a/b", "../other", 5]),
  ...each(job("nodePool"), ["executors", "", "constructor", "__proto__", "toString", 5]),
  ["workload.jobs", jobs({ size: "small" }), ["workload", "jobs", 0, "nodePool"]],
  ["workload.jobs", jobs({ nodePool: undefined }), ["workload", "jobs", 0, "nodePool"]],
  ["workload.jobs", jobs({ nodePool: undefined, size: "huge" }), ["workload", "jobs", 0, "size"]],
  ["workload.jobs", jobs({}, {}), ["workload", "jobs", 1, "name"]],
  [
    "workload.jobs",
    jobs({ name: "a", runName: "one" }, { name: "b", runName: "one" }),
    ["workload", "jobs", 1, "runName"],
  ],
  ["workload.jobs", jobs({ evaluation: "collatz", evaluationCommand: "true" }), ["workload", "jobs", 0, "evaluation"]],
  ["workload.jobs", jobs({ evaluationCommand: " " }), ["workload", "jobs", 0, "evaluationCommand"]],
  [
    "workload.jobs",
    jobs({ evaluation: undefined, evaluationCommand: "a\0b" }),
    ["workload", "jobs", 0, "evaluationCommand"],
  ],
  [
    "workload.jobs",
    jobs({ evaluation: undefined, evaluationCommand: "a".repeat(200_000) }),
    ["workload", "jobs", 0, "evaluationCommand"],
  ],
  ["workload.jobs", jobs({ nodePool: "gpu", gpus: 2 }), ["workload", "jobs", 0, "gpus"]],
  ["workload.jobs", { 0: dev.workload.jobs[0] }],
  ["workload.jobs", [null], ["workload", "jobs", 0]],
];

test.each([
  ["pools", wrongPools],
  ["jobs", wrongJobs],
])("synthesis refuses values of %s that EKS, Kubernetes or Docker would refuse", (_, wrong) => {
  expect(wrong.length).toBeGreaterThan(150);
  expect(passed(wrong)).toEqual([]);
});

test("a pool has at most 20 types, among them those of its environment", () => {
  const pool = { ...dev.nodePools.executor, instanceTypes: Object.keys(own) };
  const changes = [
    ["instanceTypes", own],
    ["nodePools.executor", pool],
  ] as const;
  expect(messagesWith(...changes)).toEqual([
    "nodePools.executor.instanceTypes must be a list of at most 20 types, got 21 types: EKS takes no more for a node group, so remove some or make a second pool",
  ]);
  expect(
    messagesWith(changes[0], ["nodePools.executor", { ...pool, instanceTypes: pool.instanceTypes.slice(1) }]),
  ).toEqual([]);
});

test("a node that its DaemonSets fill is no pool's", () => {
  const tiny = { ...figures, networkInterfaces: 1, addressesPerInterface: 2 };
  const [message] = messagesWith(
    ["instanceTypes", { "x1.tiny": tiny }],
    ["nodePools.executor.instanceTypes", ["x1.tiny"]],
  );
  expect(message).toMatch(
    /^nodePools\.executor\.instanceTypes must be types that have room for pods .* -2 pods left: use larger types$/,
  );
});

test("what only resembles these is accepted", () => {
  const right: readonly (readonly [Place, unknown])[] = [
    ["nodePools.executor.instanceTypes", types],
    ["nodePools.executor.labels", { "a.b": "c", a_b: "c", "a-b": "c", "example.com/a": "x.y_z" }],
    ["nodePools.executor.taints", [taint("a", ""), { key: "a", effect: "NoExecute" }]],
    ["nodePools.executor.availabilityZones", ["us-west-2b"]],
    ["nodePools.general", { ...dev.nodePools.general, capacityType: "SPOT", capacity: dynamic(2, 4) }],
    ["nodePools.general.capacity", fixed(1)],
    ["workload.image", "ghcr.io/example/ttg-worker:1.4.0"],
    ["workload.image", `localhost:5000/a__b/c-d.e@sha256:${digest}`],
    ["workload.image", `UPPER.example.com/a:1@sha256:${digest}`],
    ["workload.image", "python:3.13"],
    ["workload.jobs", jobs({ cpuRequestMillis: 10, cpuLimitMillis: 10 })],
    ["workload.jobs", jobs({ name: "a", runName: "one" }, { name: "b", runName: "two" }, { name: "c" })],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
    ["workload.jobs", jobs({ evaluation: undefined, evaluationCommand: 'sh -c "echo ${HOME} %{x}"' })],
    ["workload.jobs", jobs({ secretName: "team.db-credentials" })],
    ["workload.jobs", jobs({ secretName: "1password-token" })],
    ["instanceTypes", { "c5.large": { vCpus: 2, memoryGiB: 4, networkInterfaces: 3, addressesPerInterface: 10 } }],
    ["workload.jobs", []],
  ];
  for (const change of right) expect([change[0], messagesWith(change)]).toEqual([change[0], []]);
});
