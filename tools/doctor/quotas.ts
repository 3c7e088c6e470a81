import { instanceTypes } from "../../constructs/pools/instance-types.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { asking, type Session } from "./account.ts";
import { AwsError } from "./aws-cli.ts";
import { type Check, type Finding, notChecked, ok, problem, warning } from "./check.ts";

type CapacityType = "ON_DEMAND" | "SPOT";

/** Quotas count vCPUs, by family of instance types and by how they are bought. */
interface Family {
  readonly name: string;
  readonly types: RegExp;
  readonly codes: Readonly<Record<CapacityType, string>>;
}

/** @see https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const families: readonly Family[] = [
  { name: "Standard", types: /^(a|c|d|h|i|im|is|m|r|t|z)\d/, codes: { ON_DEMAND: "L-1216C47A", SPOT: "L-34B43A08" } },
  { name: "G and VT", types: /^(g|gr|vt)\d/, codes: { ON_DEMAND: "L-DB2E81BA", SPOT: "L-3819A6DF" } },
];
const bought: Readonly<Record<CapacityType, string>> = { ON_DEMAND: "on-demand", SPOT: "spot" };

/** What a pool asks of a quota. */
export interface PoolNeed {
  readonly name: string;
  readonly vCpusPerNode: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Whether a job runs here: then at least one node must be possible. */
  readonly used: boolean;
}

/** Every quota that the environment's machines and network count against. */
export function quotaChecks(session: Promise<Session | undefined>, environment: ResolvedEnvironment): Check[] {
  const machines = families.flatMap((family) =>
    (["ON_DEMAND", "SPOT"] as const).flatMap((capacityType): Check[] => {
      const pools = poolsOf(environment, family, capacityType);
      if (pools.length === 0) return [];
      return [
        asking(session, `vCPUs, ${family.name} ${bought[capacityType]}`, async (known) => {
          const code = family.codes[capacityType];
          const [quota, inUse] = await Promise.all([
            quotaOf(known, "ec2", code),
            vCpusInUse(known, environment.name, family, capacityType),
          ]);
          return machineFinding(pools, quota, inUse, increase("ec2", code, environment.region));
        }),
      ];
    }),
  );
  const unknown = Object.values(environment.nodePools)
    .flatMap((pool) => pool.instanceTypes.slice(0, 1))
    .filter((type) => !families.some(({ types }) => types.test(type)));
  if (unknown.length > 0) {
    machines.push({ name: "vCPUs", run: () => notChecked(`the quota of ${unknown.join(", ")} is not known here`) });
  }
  return [...machines, ...networkChecks(session, environment)];
}

function poolsOf(
  { nodePools, instanceTypes: own, workload }: ResolvedEnvironment,
  family: Family,
  capacityType: CapacityType,
): PoolNeed[] {
  const known = { ...instanceTypes, ...own };
  return Object.entries(nodePools)
    .filter(([, pool]) => pool.capacityType === capacityType && family.types.test(pool.instanceTypes[0] ?? ""))
    .map(([name, { capacity, instanceTypes: types, labels }]) => ({
      name,
      // All types of a pool are of equal size.
      vCpusPerNode: known[types[0] ?? ""]?.vCpus ?? 0,
      minimum: capacity.min,
      maximum: capacity.max,
      used: workload.jobs.some(({ target }) =>
        Object.entries(target.nodeSelector).every(([key, value]) => labels[key] === value),
      ),
    }));
}

/** @param inUse vCPUs of everything but this environment; undefined where that could not be asked. */
export function machineFinding(
  pools: readonly PoolNeed[],
  quota: number,
  inUse: number | undefined,
  fix: (value: number) => string,
): Finding {
  const sum = (of: (pool: PoolNeed) => number) => pools.reduce((total, pool) => total + of(pool), 0);
  const most = sum(({ vCpusPerNode, maximum }) => vCpusPerNode * maximum);
  const others = inUse ?? 0;
  const left = quota - others;
  const found = `${quota}${inUse === undefined ? "" : `, of which others use ${inUse}`}`;
  const always = sum(({ vCpusPerNode, minimum }) => vCpusPerNode * minimum);
  if (left >= most) return ok(`${found}; all pools at their maximum take ${most}`);
  const each = pools.map(({ name, vCpusPerNode, minimum, maximum }) => {
    // Each pool alone, beside what always runs of the others.
    const room = Math.floor((left - always + vCpusPerNode * minimum) / vCpusPerNode);
    return { name, nodes: Math.max(0, Math.min(maximum, room)), maximum };
  });
  const needed = `${most + others} for all pools at their maximum; now, each alone: ${each
    .map(({ name, nodes, maximum }) => `${name} ${nodes} of ${maximum} nodes`)
    .join(", ")}`;
  const jobless = each.filter(({ nodes }, index) => nodes === 0 && pools[index]?.used);
  const fails = left < always || jobless.length > 0;
  return (fails ? problem : warning)(found, needed, fix(most + others));
}

function networkChecks(
  session: Promise<Session | undefined>,
  { name, network, availabilityZones, region }: ResolvedEnvironment,
): Check[] {
  if (network.kind === "existing") return [];
  const mode = network.natGateways ?? "single";
  const gateways = mode === "none" ? 0 : mode === "single" ? 1 : availabilityZones.length;
  const others = async ({ aws }: Session, command: string, list: string): Promise<number> => {
    const query = `${list}[].{environment: Tags[?Key=='Environment']|[0].Value}`;
    const all = await aws.ask<{ environment: string | null }[]>("ec2", command, "--query", query);
    return all.filter(({ environment }) => environment !== name).length;
  };
  const check = (title: string, service: string, code: string, need: number, command: string, list: string) =>
    asking(session, title, async (known) => {
      const [quota, used] = await Promise.all([quotaOf(known, service, code), others(known, command, list)]);
      const found = `${quota}, of which others use ${used}`;
      if (quota - used >= need) return ok(`${found}; ${name} takes ${need}`);
      return problem(found, `${need} more`, increase(service, code, region)(used + need));
    });
  return [
    check("VPCs", "vpc", "L-F678F1CE", 1, "describe-vpcs", "Vpcs"),
    ...(gateways === 0
      ? []
      : [check("Elastic IP addresses", "ec2", "L-0263D0A3", gateways, "describe-addresses", "Addresses")]),
  ];
}

interface Quota {
  readonly Quota: { readonly Value: number };
}

async function quotaOf({ aws }: Session, service: string, code: string): Promise<number> {
  const which = ["--service-code", service, "--quota-code", code];
  try {
    return (await aws.ask<Quota>("service-quotas", "get-service-quota", ...which)).Quota.Value;
  } catch (error) {
    // An account whose quota nobody has ever changed may have none of its own.
    if (!(error instanceof AwsError && error.code === "NoSuchResourceException")) throw error;
    return (await aws.ask<Quota>("service-quotas", "get-aws-default-service-quota", ...which)).Quota.Value;
  }
}

interface RunningInstance {
  readonly type: string;
  readonly lifecycle: string | null;
  readonly cores: number;
  readonly threads: number;
  readonly environment: string | null;
}

async function vCpusInUse(
  { aws }: Session,
  name: string,
  family: Family,
  capacityType: CapacityType,
): Promise<number | undefined> {
  const fields =
    "type: InstanceType, lifecycle: InstanceLifecycle, cores: CpuOptions.CoreCount, threads: CpuOptions.ThreadsPerCore";
  try {
    const running = await aws.ask<RunningInstance[]>(
      "ec2",
      "describe-instances",
      "--filters",
      "Name=instance-state-name,Values=pending,running",
      "--query",
      `Reservations[].Instances[].{${fields}, environment: Tags[?Key=='Environment']|[0].Value}`,
    );
    return running
      .filter(({ type, lifecycle, environment }) => {
        const spot = lifecycle === "spot" ? "SPOT" : "ON_DEMAND";
        return family.types.test(type) && spot === capacityType && environment !== name;
      })
      .reduce((total, { cores, threads }) => total + cores * threads, 0);
  } catch (error) {
    if (error instanceof AwsError && error.forbidden) return undefined;
    throw error;
  }
}

function increase(service: string, code: string, region: string): (value: number) => string {
  return (value) =>
    `aws service-quotas request-service-quota-increase --region ${region} --service-code ${service} --quota-code ${code} --desired-value ${value}`;
}
