import type { Problem } from "../../../constructs/support/problems.ts";
import { prod } from "../../../environments.ts";
import { type Environment, environmentSchema } from "../../../stacks/configuration/schema.ts";
import { shapeOf } from "../../../stacks/configuration/shape.ts";
import { problemsOf } from "../../support/fixtures.ts";
import { ingress } from "../../support/ingress.ts";

type Path = readonly (string | number)[];

/** An environment that uses nearly every field. */
const environment: Environment = {
  ...prod,
  network: { ...prod.network, cidrBlock: "10.1.0.0/16", natGateways: "single", interfaceEndpoints: ["sts", "sqs"] },
  cluster: { ...prod.cluster, addonVersions: { coredns: "v1.13.2-eksbuild.11" } },
  instanceTypes: { "x1.huge": { vCpus: 8, memoryGiB: 16, networkInterfaces: 4, addressesPerInterface: 15 } },
  nodePools: {
    ...prod.nodePools,
    huge: { instanceTypes: ["c5.2xlarge", "x1.huge"], capacity: { mode: "fixed", min: 1, max: 1 } },
  },
  workload: {
    namespace: "sweep",
    baseImage: "docker.io/library/python:3.13-slim-bookworm",
    jobs: [
      { name: "a", nodePool: "huge", totalParameters: 100, workers: 9, parallelism: 9, maxFailedIndexes: 9 },
      {
        name: "b",
        size: "gpu",
        totalParameters: 100,
        workers: 1,
        evaluationCommand: "true",
        resultColumns: ["c", "d"],
      },
      {
        name: "c",
        nodePool: "executor",
        totalParameters: 100,
        workers: 1,
        cpuRequestMillis: 20,
        cpuLimitMillis: 30,
        memoryRequestMiB: 20,
        memoryLimitMiB: 300,
        batchSize: 10,
      },
    ],
  },
  services: {
    minReplicas: 4,
    maxReplicas: 6,
    allowCommands: true,
    submissionsPerMinute: 5,
    ingress: { ...ingress, scheme: "internet-facing" },
    jobs: [
      { size: "large", maxWorkers: 9, cpuRequestMillis: 20, cpuLimitMillis: 30, memoryLimitMiB: 300 },
      { size: "gpu" },
    ],
  },
  results: { forceDestroy: true, expirationInDays: 90 },
  tags: { CostCenter: "research", Team: "a" },
};

const wrongValues = [null, 5.5, "?", [], { a: 1 }];
const cases = pathsIn(environment).flatMap((path) =>
  wrongValues.map((value) => [path, value] as const).filter(([, value]) => isMalformed(path, value)),
);

test("the environment is right, and there are many ways to malform it", () => {
  expect(problemsOf(environment)).toEqual([]);
  expect(cases.length).toBeGreaterThan(500);
});

test("a malformed field is reported, and no field outside of it is blamed", () => {
  for (const [path, value] of cases) {
    const problems = problemsOf(replaced(environment, path, value));
    expect({ path, value, problems: problems.length > 0 }).toEqual({ path, value, problems: true });
    expect({ path, value, blamed: problems.filter((problem) => !isInside(problem, path)) }).toEqual({
      path,
      value,
      blamed: [],
    });
  }
});

test("a malformed field hides no wrong value outside of it", () => {
  const wrong: readonly (readonly [Path, unknown])[] = [
    [["name"], "Prod_1"],
    [["availabilityZones", 2], "eu-west-1a"],
    [["network", "flowLogRetentionInDays"], 45],
    [["cluster", "logRetentionInDays"], 10],
    [["cluster", "administrators", 0], "me"],
    [["nodePools", "gpu", "volumeSizeGiB"], 10],
    [["nodePools", "executor", "labels", "workload-type"], "a b"],
    [["instanceTypes", "x1.huge", "vCpus"], 0],
    [["workload", "namespace"], "default"],
    [["workload", "baseImage"], "python"],
    [["workload", "jobs", 0, "backoffLimitPerIndex"], -1],
    [["workload", "jobs", 2, "seed"], -1],
    [["services", "submissionsPerMinute"], 0],
    [["results", "expirationInDays"], 0],
    [["budget", "limitUsdPerMonth"], 0],
    [["tags", "Team"], "a & b"],
    [["s3State", "bucket"], "A"],
  ];
  const bad = wrong.reduce<unknown>((whole, [path, value]) => replaced(whole, path, value), environment);
  const found = (whole: unknown) => problemsOf(whole).map(({ path }) => path.join("."));
  expect(found(bad).sort()).toEqual(wrong.map(([path]) => path.join(".")).sort());

  for (const [path, value] of cases) {
    // Zones belong to a region, and are not judged without it.
    const isHidden = (other: Path) =>
      startsWith(other, path) || (path[0] === "region" && other[0] === "availabilityZones");
    const expected = wrong.filter(([other]) => !isHidden(other)).map(([other]) => other.join("."));
    const reported = found(replaced(bad, path, value));
    expect({ path, value, hidden: expected.filter((other) => !reported.includes(other)) }).toEqual({
      path,
      value,
      hidden: [],
    });
  }
});

/** The path of every value in a value, the whole excepted. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  const inside =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, element]) =>
          pathsIn(element, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : [];
  return path.length === 0 ? inside : [path, ...inside];
}

/** Whether the value itself is malformed, and not only something inside it. */
function isMalformed(path: Path, value: unknown): boolean {
  const { problems } = shapeOf(environmentSchema, replaced(environment, path, value));
  return problems.some((problem) => problem.path.length === path.length && isInside(problem, path));
}

function replaced(whole: unknown, [key, ...others]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const inside = replaced((whole as Record<string | number, unknown>)[key], others, value);
  if (Array.isArray(whole)) return whole.map((element, index) => (index === key ? inside : element));
  return { ...(whole as object), [key]: inside };
}

function isInside({ path }: Problem, outer: Path): boolean {
  return startsWith(path, outer);
}

function startsWith(path: readonly PropertyKey[], start: Path): boolean {
  return start.every((key, index) => path[index] === key);
}
