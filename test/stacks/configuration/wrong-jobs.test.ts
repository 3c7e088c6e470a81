import { dev } from "../../../environments.ts";
import { each, messagesWith, type Place, passed, strange, type WrongValue } from "../../support/wrong-environments.ts";

const digest = "0123456789abcdef".repeat(4);
const job = (field: string): Place => ["workload", "jobs", 0, field];
const jobs = (...changes: readonly object[]) => changes.map((change) => ({ ...dev.workload.jobs[0], ...change }));
const executors = (field: string, values: readonly unknown[]) =>
  values.map(
    (value): WrongValue => [
      "workload.executors",
      [{ size: "large", [field]: value }],
      ["workload", "executors", 0, field],
    ],
  );
const reference = "workload.image";

// Values that Kubernetes, Docker or the worker would refuse.
const wrong: readonly WrongValue[] = [
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
  ...executors("size", ["huge", "", "Large", "constructor", null, 5, undefined]),
  ...executors("max", [0, -1, 1.5, 10_001, 2 ** 31, ...strange]),
  ...executors("slots", [0, -1, 1.5, 11, ...strange]),
  ...executors("cpuRequestMillis", ["2", "2000m", 0, 9, 15_611, 2 ** 31, ...strange]),
  ...executors("memoryRequestMiB", ["4Gi", 0, -1, 368, 27_426, 2 ** 31, ...strange]),
  ...executors("sliceSeconds", [0, 0.5, 3_601, ...strange]),
  ...executors("nodePool", ["executor"]),
  ...each("workload.executors", [{ 0: { size: "large" } }, "large", null]),
  ["workload.executors", [null], ["workload", "executors", 0]],
  ["workload.executors", [{ size: "large" }, { size: "large" }], ["workload", "executors", 1, "size"]],
  ["workload.jobs", { 0: dev.workload.jobs[0] }],
  ["workload.jobs", [null], ["workload", "jobs", 0]],
];

test(`synthesis refuses ${wrong.length} values of jobs, executors and images that Kubernetes, Docker or the worker would refuse`, () => {
  expect(wrong.length).toBeGreaterThan(150);
  expect(passed(wrong)).toEqual([]);
});

test("what only resembles these is accepted", () => {
  const right: readonly (readonly [Place, unknown])[] = [
    ["workload.image", "ghcr.io/example/ttg-worker:1.4.0"],
    ["workload.image", `localhost:5000/a__b/c-d.e@sha256:${digest}`],
    ["workload.image", `UPPER.example.com/a:1@sha256:${digest}`],
    ["workload.image", "python:3.13"],
    ["workload.jobs", jobs({ cpuRequestMillis: 10, cpuLimitMillis: 10 })],
    ["workload.jobs", jobs({ name: "a", runName: "one" }, { name: "b", runName: "two" }, { name: "c" })],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
    ["workload.jobs", jobs({ evaluation: undefined, evaluationCommand: 'node -e "echo ${HOME} %{x}"' })],
    ["workload.jobs", jobs({ secretName: "team.db-credentials" })],
    ["workload.jobs", jobs({ secretName: "1password-token" })],
    ["workload.jobs", []],
    ["workload.executors", []],
    ["workload.executors", [{ size: "large", max: 10_000, slots: 10, cpuRequestMillis: 15_610, sliceSeconds: 3_600 }]],
    ["workload.executors", [{ size: "large", cpuRequestMillis: 10, memoryRequestMiB: 369, sliceSeconds: 1 }]],
  ];
  for (const change of right) expect([change[0], messagesWith(change)]).toEqual([change[0], []]);
});
