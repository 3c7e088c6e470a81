import type { KubernetesApi, KubernetesObject } from "./kubernetes-api.ts";

/** The pods of a Job, or those of one of its indexes. */
export function podsOf(api: KubernetesApi, job: KubernetesObject, index?: string): Promise<KubernetesObject[]> {
  return api.list(`${podsPathOf(job)}?${podSelectorOf(job, index)}`);
}

/** Where the pods of a Job are, and all others of its namespace. */
export function podsPathOf({ metadata: { namespace } }: KubernetesObject): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

/** The query for the pods of a Job, or those of one of its indexes. */
export function podSelectorOf({ metadata: { name } }: KubernetesObject, index?: string): string {
  const ofJob = `batch.kubernetes.io/job-name=${name}`;
  const labels = index === undefined ? ofJob : `${ofJob},batch.kubernetes.io/job-completion-index=${index}`;
  return `labelSelector=${encodeURIComponent(labels)}`;
}

/** The condition that says how a Job has ended; undefined while it goes on. */
export function endOf(job: KubernetesObject | undefined): KubernetesObject | undefined {
  const conditions: KubernetesObject[] = job?.status?.conditions ?? [];
  return conditions.find(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === "True");
}
