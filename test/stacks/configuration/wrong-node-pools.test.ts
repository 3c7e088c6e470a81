import { dynamic, fixed, fromZero } from "../../../constructs/pools/capacity.ts";
import { dev } from "../../../environments.ts";
import {
  each,
  messagesWith,
  numbered,
  type Place,
  passed,
  strange,
  type WrongValue,
} from "../../support/wrong-environments.ts";

const taint = (key: string, value = "a", effect = "NoSchedule") => ({ key, value, effect });

/** A change of the pool `executor`. */
const pool = (field: string, value: unknown, named = field): WrongValue => [
  `nodePools.executor.${field}`,
  value,
  `nodePools.executor.${named}`,
];

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

// Values that EKS or Kubernetes would refuse.
const wrong: readonly WrongValue[] = [
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
  ["nodePools.gpu.gpu", false, "nodePools.gpu.instanceTypes"],
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
  pool("capacity", fixed(Number.NaN), "capacity.min"),
  ...[fromZero(Number.POSITIVE_INFINITY), dynamic(2, Number.NaN), fromZero(-0), fromZero("5" as unknown as number)].map(
    (capacity) => pool("capacity", capacity, "capacity.max"),
  ),
  ...[5, null, { mode: "fixed", min: 1, max: 2 }, { mode: "fromZero", min: 1, max: 2 }].map((capacity) =>
    pool("capacity", capacity),
  ),
  ...[{}, { mode: "auto", min: 1, max: 2 }].map((capacity) => pool("capacity", capacity, "capacity.mode")),
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
  ...each(
    "nodePools.executor.availabilityZones",
    [["us-east-1a"], ["usw2-az1"], [""]],
    ["nodePools", "executor", "availabilityZones", 0],
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

test(`synthesis refuses ${wrong.length} values of pools that EKS or Kubernetes would refuse`, () => {
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
    ["instanceTypes", { "c5.large": { vCpus: 2, memoryGiB: 4, networkInterfaces: 3, addressesPerInterface: 10 } }],
  ];
  for (const change of right) expect([change[0], messagesWith(change)]).toEqual([change[0], []]);
});
