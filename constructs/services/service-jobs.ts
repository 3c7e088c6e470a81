import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { objectsRelease } from "../addons/objects-release.ts";
import { type ExecutorSize, type NodeTarget, roomForPods } from "../pools/node-target.ts";
import { cores } from "../support/restricted-pod.ts";
import { podsPerNode } from "../workload/job-machines.ts";
import type { ContainerImage } from "../workload/worker-image.ts";
import { workerLabels } from "../workload/worker-pod.ts";
import { jobTemplate, maxWorkersOf, priorityClassOf, workerResources } from "./job-template.ts";
import { type FencedSize, jobsPolicies } from "./jobs-policy.ts";
import type { ServedSize } from "./service-file.ts";
import type { ServiceJobsOptions } from "./service-jobs-options.ts";
import { apiName, servicesNamespace } from "./services-names.ts";

const name = "service-jobs";
/** Jobs of the API for which there is room at a time. Those that have ended count until they are removed. */
const mostJobs = 200;

/** The Jobs of one size that the API may create, and their nodes. */
export interface SizedJobs {
  readonly options: ServiceJobsOptions;
  /** All pools of the size (`executorsOfSize`). */
  readonly target: NodeTarget;
}

export interface ServiceJobsProps {
  /** At least one size. */
  readonly jobs: readonly [SizedJobs, ...SizedJobs[]];
  /** Namespace of the pods that compute. */
  readonly namespace: string;
  readonly image: Pick<ContainerImage, "reference">;
  /** Region of the bucket. */
  readonly region: string;
  /** Where the results of the Jobs are, for example `s3://<bucket>/runs/jobs`. */
  readonly resultsRoot: string;
  /** Whether a Job may run a program of the image with arguments of its own. */
  readonly allowCommands: boolean;
  /** Jobs of the namespace that are not the API's: those of Terraform. The quota leaves room for them. */
  readonly otherJobs: number;
  /** The namespace and the service account of the workers. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Lets the API create Jobs, and fences it in: admission policies refuse everything but its templates, and quotas limit the workers and the
 * Jobs. The API depends on {@link dependables}: a new template, such as one with another image, is then allowed before the API knows it.
 *
 * Jobs that exist already go on as they are when a template changes, because Kubernetes asks the policies about the API's requests only.
 */
export class ServiceJobs extends Construct {
  /** The part of each size in the file of the API. */
  readonly sizes: ReadonlyMap<ExecutorSize, NonNullable<ServedSize["job"]>>;
  /** The fence, and the permission. */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ServiceJobsProps) {
    super(scope, id);
    const { jobs, namespace, dependsOn } = props;
    const fenced = jobs.map(({ options, target }) => ({
      size: options.size,
      maxWorkers: maxWorkersOf(options),
      slotsPerMachine: podsPerNode(roomForPods(target), workerResources(options, target)),
      template: jobTemplate({ ...props, options, target }),
    }));
    this.sizes = new Map(fenced.map(({ size, maxWorkers: max, ...job }) => [size, { max, ...job }]));
    const fence = objectsRelease(this, {
      name,
      namespace,
      objects: [...jobs.flatMap((one) => limits(one, namespace)), jobsQuota(props), ...fencePolicies(props, fenced)],
      dependsOn,
    });
    const labels = { "app.kubernetes.io/part-of": workerLabels["app.kubernetes.io/part-of"] };
    const role = new RoleV1(this, "role", {
      metadata: { name, namespace, labels },
      // No update and no patch: the API deletes a Job that is to be another one.
      rule: [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "delete"] }],
      // Never without the fence.
      dependsOn: [fence],
    });
    const binding = new RoleBindingV1(this, "role-binding", {
      metadata: { name, namespace, labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subject: [{ kind: "ServiceAccount", name: apiName, namespace: servicesNamespace }],
      dependsOn: [role],
    });
    this.dependables = [fence, role, binding];
  }
}

function fencePolicies(
  { resultsRoot, region, allowCommands }: ServiceJobsProps,
  sizes: readonly FencedSize[],
): object[] {
  const user = `system:serviceaccount:${servicesNamespace}:${apiName}`;
  return jobsPolicies({ user, sizes, resultsRoot: `${resultsRoot}/`, region, allowCommands });
}

/**
 * The most that the Jobs of a size together can cost: the workers of one Job of the largest kind. More workers wait until others have
 * ended. A quota can tell the API's pods from others by their PriorityClass only; this one has the priority of pods without any.
 * @see https://kubernetes.io/docs/concepts/policy/resource-quotas/#resource-quota-per-priorityclass
 */
function limits({ options, target }: SizedJobs, namespace: string): object[] {
  const className = priorityClassOf(options);
  const maxWorkers = maxWorkersOf(options);
  const cpu = cores(maxWorkers * workerResources(options, target).cpuRequestMillis);
  return [
    {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: className },
      value: 0,
      description: `Workers of the size ${options.size} in Jobs of the API.`,
    },
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: className, namespace },
      spec: {
        hard: { pods: String(maxWorkers), "requests.cpu": cpu },
        scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: [className] }] },
      },
    },
  ];
}

/**
 * Kubernetes counts all Jobs of a namespace together, and no scope tells those of the API from others. A deploy may need twice as many as
 * there are, and the start deadline needs three.
 */
function jobsQuota({ namespace, otherJobs }: ServiceJobsProps): object {
  return {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "jobs", namespace },
    spec: { hard: { "count/jobs.batch": String(mostJobs + 2 * otherJobs + 3) } },
  };
}
