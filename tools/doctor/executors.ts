import { countNoun, formatCount } from "sweep-worker/contract";
import { z } from "zod";
import { instanceTypesWith } from "../../constructs/pools/instance-types.ts";
import { roomForPods } from "../../constructs/pools/node-target.ts";
import { executorResources } from "../../constructs/queue/executors-problems.ts";
import { machinesFor, podsPerNode } from "../../constructs/workload/job-machines.ts";
import type { ResolvedEnvironment, ResolvedExecutors } from "../../stacks/configuration/resolved-environment.ts";
import { parsed } from "../support/answers.ts";
import { askCluster } from "./cluster.ts";
import { aws, cureOf, type Identity, withCredentials } from "./credentials.ts";
import { type Check, type Finding, notChecked, ok, warning } from "./report.ts";

/** Checks of an environment's executors: room in the account, their queues, and KEDA in a cluster that is deployed. */
export function executorChecks(environment: ResolvedEnvironment, identity: Promise<Identity>): Check[] {
  const { executors } = environment.workload;
  if (executors.length === 0) return [];
  return [
    ...quotasOf(environment).map((quota) => ({
      name: quota.name,
      run: withCredentials(identity, () => quotaFinding(quota, environment.region)),
    })),
    ...executors.map((one) => ({
      name: `queue, ${one.options.size}`,
      run: withCredentials(identity, () => queueFinding(one, environment)),
    })),
    { name: "KEDA", run: () => kedaFinding(environment) },
  ];
}

/** A limit of the account, with the machines of executors that it counts. */
interface Quota {
  readonly name: string;
  readonly code: string;
  readonly vCpus: number;
  /** `9 c5.4xlarge for 50 executors of large`. */
  readonly machines: readonly string[];
}

/**
 * The first letters of instance types, with the codes of their quotas, in vCPUs. Those of other types are not known here.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
 */
const quotaCodes = [
  { families: /^(a|c|d|h|i|m|r|t|z)\d/, ON_DEMAND: "L-1216C47A", SPOT: "L-34B43A08" },
  { families: /^(g|vt)\d/, ON_DEMAND: "L-DB2E81BA", SPOT: "L-3819A6DF" },
] as const;

/** The quotas that all executors of an environment use at the same time. */
function quotasOf(environment: ResolvedEnvironment): Quota[] {
  const known = instanceTypesWith(environment.instanceTypes);
  const quotas = new Map<string, Quota>();
  for (const { options, target } of environment.workload.executors) {
    const [type = ""] = target.instanceTypes;
    const codes = quotaCodes.find(({ families }) => families.test(type));
    const selected = Object.entries(target.nodeSelector);
    const pool = Object.values(environment.nodePools).find(({ labels }) =>
      selected.every(([label, value]) => labels[label] === value),
    );
    if (codes === undefined || pool === undefined) continue;
    const fits = podsPerNode(roomForPods(target), executorResources(options, target));
    const { nodes, pods } = machinesFor(options.max, fits, target.capacity.max);
    const code = codes[pool.capacityType];
    const { vCpus = 0, machines = [] } = quotas.get(code) ?? {};
    quotas.set(code, {
      name: pool.capacityType === "SPOT" ? "quota of spot" : "quota on demand",
      code,
      vCpus: vCpus + nodes * (known[type]?.vCpus ?? 0),
      machines: [...machines, `${formatCount(nodes)} ${type} for ${countNoun(pods, "executor")} of ${options.size}`],
    });
  }
  return [...quotas.values()];
}

const quotaSchema = z.object({ Quota: z.object({ Value: z.number() }) });

/** A quota that is too low fails no deploy: executors stay pending. */
async function quotaFinding({ code, vCpus, machines }: Quota, region: string): Promise<Finding> {
  const asked = ["service-quotas", "get-service-quota", "--service-code", "ec2", "--quota-code", code];
  const { succeeded, stdout, reason } = await aws(region, ...asked);
  if (!succeeded) return notChecked(`aws ${asked.slice(0, 2).join(" ")}: ${reason}`);
  const answer = quotaSchema.safeParse(parsed(stdout));
  if (!answer.success) return notChecked(`aws ${asked.slice(0, 2).join(" ")}: no quota in its answer`);
  const { Value: allowed } = answer.data.Quota;
  const found = `${formatCount(allowed)} vCPUs (${code})`;
  const needed = `${formatCount(vCpus)} vCPUs: ${machines.join(", ")}`;
  if (allowed >= vCpus) return ok(`${found}; all executors need ${needed}`);
  const increase = `aws service-quotas request-service-quota-increase --region ${region} --service-code ec2 --quota-code ${code} --desired-value ${vCpus}`;
  return warning(found, `${needed}; without them executors stay pending`, increase);
}

const attributesSchema = z.object({
  Attributes: z.object({
    ApproximateNumberOfMessages: z.coerce.number(),
    ApproximateNumberOfMessagesNotVisible: z.coerce.number(),
  }),
});

/** Whether this machine reaches a queue, from which runs are submitted, and whether it has messages that nobody can process. */
async function queueFinding({ options }: ResolvedExecutors, environment: ResolvedEnvironment): Promise<Finding> {
  const { name, region, accountId } = environment;
  const queue = `${name}-${options.size}`;
  const url = `https://sqs.${region}.amazonaws.com/${accountId}/${queue}`;
  const [work, dead] = await Promise.all([url, `${url}-dead-letter`].map((one) => countMessages(one, region)));
  const failed = [work, dead].find((counted) => counted !== undefined && "reason" in counted);
  if (failed !== undefined && "reason" in failed) return unreadable(failed.reason, queue);
  if (work === undefined || dead === undefined || "reason" in work || "reason" in dead)
    return notChecked(`${queue}: no counts in the answer of the AWS CLI`);
  const found = `${queue}: ${countNoun(work.waiting, "message")} waiting, ${formatCount(work.inWork)} in work`;
  const letters = dead.waiting + dead.inWork;
  if (letters === 0) return ok(found);
  return warning(
    `${found}; ${countNoun(letters, "dead letter")}`,
    "no message that executors could not process",
    `npm run submit -- status <run> --environment ${name} --size ${options.size}, then the same with resume (docs/queue.md)`,
  );
}

type Counted = { readonly waiting: number; readonly inWork: number } | { readonly reason: string };

async function countMessages(url: string, region: string): Promise<Counted | undefined> {
  const attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const asked = ["sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", ...attributes];
  const { succeeded, stdout, reason } = await aws(region, ...asked);
  if (!succeeded) return { reason };
  const { data } = attributesSchema.safeParse(parsed(stdout));
  if (data === undefined) return undefined;
  const { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: inWork } = data.Attributes;
  return { waiting, inWork };
}

function unreadable(reason: string, queue: string): Finding {
  if (/NonExistentQueue|QueueDoesNotExist/.test(reason)) return ok(`${queue} is not deployed yet`);
  const fix = /AccessDenied/.test(reason)
    ? `let your role use the queue ${queue}: sqs:GetQueueAttributes and sqs:SendMessage`
    : cureOf(reason);
  return warning(`aws: ${reason}`, "a queue that this machine reaches, to submit runs", fix);
}

const scaledObjectsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z
        .object({
          conditions: z
            .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** Whether KEDA scales the executors, in a cluster that is deployed and that this machine has a kubeconfig for. */
async function kedaFinding(environment: ResolvedEnvironment): Promise<Finding> {
  const { namespace, executors } = environment.workload;
  const found = await askCluster(environment, ["--namespace", namespace, "get", "scaledobjects"]);
  if ("reason" in found) return notChecked(found.reason);
  const answer = scaledObjectsSchema.safeParse(parsed(found.stdout));
  if (!answer.success) return notChecked("kubectl get scaledobjects: no list in its answer");
  const sizes = executors.map(({ options }) => `executor-${options.size}`);
  const states = sizes.map((scaled) => {
    const conditions = answer.data.items.find(({ metadata }) => metadata.name === scaled)?.status?.conditions;
    const condition = (type: string) => conditions?.find((one) => one.type === type);
    return { scaled, ready: condition("Ready"), isPaused: condition("Paused")?.status === "True" };
  });
  const needed = "a ScaledObject that is ready, for the executors of each size";
  const missing = states.find(({ ready }) => ready === undefined);
  if (missing !== undefined) {
    return warning(`there is no state of ${missing.scaled}`, needed, `npm run deploy -- ${environment.name}`);
  }
  const failed = states.find(({ ready }) => ready?.status !== "True");
  if (failed !== undefined) {
    const logs = "kubectl --namespace kube-system logs deployment/keda-operator --tail 20";
    return warning(
      `${failed.scaled} is not ready: ${failed.ready?.message ?? "no reason"}`,
      needed,
      `${logs} (docs/queue.md)`,
    );
  }
  const paused = states.find(({ isPaused }) => isPaused);
  if (paused === undefined) return ok(`${sizes.join(", ")}: ready`);
  return warning(
    `${paused.scaled} is paused`,
    "executors that come for messages",
    `kubectl --namespace ${namespace} annotate scaledobject ${paused.scaled} autoscaling.keda.sh/paused- autoscaling.keda.sh/paused-replicas-`,
  );
}
