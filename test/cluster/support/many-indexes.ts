import { devWithJob, synthesizeEnvironment } from "../../support/workload.ts";
import type { ControlPlane, ControlPlaneOptions } from "./control-plane.ts";
import { endOf, podsOf } from "./jobs.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { manifestsOf } from "./manifests.ts";
import { nodeOf } from "./nodes.ts";

/**
 * The limits of the benchmark in KEP-3850, which took 222.7 s for 10,000 indexes: the controllers may send 100 requests a second, and
 * each pod needs two of the Job controller, one to create it and one to count it. Without these flags it is 20 a second. The scheduler
 * may send more, so that it is not what is measured. The flags of EKS are not known to us.
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-apps/3850-backoff-limits-per-index-for-indexed-jobs
 * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/test/integration/job/job_test.go BenchmarkLargeIndexedJob
 */
export const manyIndexesOptions: ControlPlaneOptions = {
  controllerManagerFlags: ["--kube-api-qps=100", "--kube-api-burst=100"],
  schedulerFlags: ["--kube-api-qps=500", "--kube-api-burst=500"],
};

/** The end of a job of dev with many workers, all at once, each of which completes as soon as it runs. */
export interface ManyIndexes {
  readonly status: KubernetesObject;
  readonly pods: readonly KubernetesObject[];
  /** From the Job's creation to its completion, in seconds. */
  readonly seconds: number;
}

/** @param withinMs a hang is then an error. */
export async function completeManyIndexes(
  plane: ControlPlane,
  workers: number,
  withinMs: number,
): Promise<ManyIndexes> {
  const { platform, workload } = synthesizeEnvironment(devWithJob({ workers }));
  const allocatable = { cpu: "10k", memory: "100Ti", "ephemeral-storage": "100Ti", pods: "100k" };
  for (const name of ["executor-1", "executor-2", "executor-3"]) {
    await plane.api.create({ ...nodeOf(platform, "executor", name), status: { capacity: allocatable, allocatable } });
  }
  const manifests = manifestsOf(workload, () => "reference");
  const job = manifests.find(({ kind }) => kind === "Job") as KubernetesObject;
  // One report for each pod, as in that benchmark: the control plane is measured, and not the kubelets that share this machine with it.
  job.spec.template.metadata.annotations["kwok.test/succeeds-at-once"] = "true";
  let startedAt = 0;
  for (const object of manifests) {
    startedAt = performance.now();
    await plane.api.create(object);
  }
  const ended = await plane.api.until(job, (now) => endOf(now) !== undefined, withinMs);
  const seconds = (performance.now() - startedAt) / 1000;
  // Not all pods of the namespace: every ten minutes the CronJob of the start deadline adds one.
  return { status: ended?.status, pods: await podsOf(plane.api, job), seconds };
}
