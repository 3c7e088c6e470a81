import { Token } from "cdktf";
import { formatCount } from "sweep-worker/contract";
import { dnsLabelProblems } from "../support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../support/problems.ts";
import { leastCpuMillis } from "../workload/worker-job-settings.ts";
import { type WebServiceProps, webServiceDefaults } from "./web-service-props.ts";

/** The numbers of a service, each with the range of Kubernetes and its default. */
const numbers = {
  port: { least: 1, most: 65_535, example: 8080 },
  minReplicas: { least: 1, most: 1000, example: 2 },
  maxReplicas: { least: 1, most: 1000, example: 5 },
  cpuRequestMillis: { least: leastCpuMillis, most: 1_000_000, example: 100 },
  memoryRequestMiB: { least: 1, most: 2 ** 31 - 1, example: 128 },
  memoryLimitMiB: { least: 1, most: 2 ** 31 - 1, example: 256 },
  temporaryStorageMiB: { least: 1, most: 2 ** 31 - 1, example: 64 },
} as const satisfies Partial<Record<keyof WebServiceProps, unknown>>;

/** Everything that is wrong with a service; each `path` starts with the prop. */
export function webServiceProblems(props: WebServiceProps): Problem[] {
  const own = (Object.keys(numbers) as (keyof typeof numbers)[]).flatMap((name) => numberProblems(name, props[name]));
  return [
    ...within(["name"], Token.isUnresolved(props.name) ? [] : dnsLabelProblems(props.name, 63)),
    ...own,
    ...(own.length > 0 ? [] : [...replicasProblems(props), ...memoryProblems(props)]),
  ];
}

function numberProblems(name: keyof typeof numbers, value: number | undefined): Problem[] {
  const { least, most, example } = numbers[name];
  if (value === undefined || Token.isUnresolved(value)) return [];
  if (Number.isInteger(value) && value >= least && value <= most) return [];
  const allowed = `a whole number from ${least} to ${formatCount(most)}`;
  return [{ path: [name], allowed, got: show(value), fix: `use for example ${example}` }];
}

/** The problem of a greatest number of replicas that is less than the least. */
export function replicasProblems(props: Pick<WebServiceProps, "minReplicas" | "maxReplicas">): Problem[] {
  const { minReplicas = webServiceDefaults.minReplicas, maxReplicas = webServiceDefaults.maxReplicas } = props;
  if (!(maxReplicas < minReplicas)) return [];
  const got = `${show(maxReplicas)}${props.maxReplicas === undefined ? ", the default" : ""}`;
  const fix = "so many replicas always run; raise it, or lower minReplicas";
  return [{ path: ["maxReplicas"], allowed: `${minReplicas} or more`, got, fix }];
}

function memoryProblems({ memoryRequestMiB, memoryLimitMiB }: WebServiceProps): Problem[] {
  if (!(memoryLimitMiB < memoryRequestMiB)) return [];
  const fix = "the pod requests as much; raise the limit, or lower the request";
  return [{ path: ["memoryLimitMiB"], allowed: `${memoryRequestMiB} MiB or more`, got: show(memoryLimitMiB), fix }];
}
