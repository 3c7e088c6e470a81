import type { JobV1SpecPodFailurePolicyRule } from "@cdktf/provider-kubernetes/lib/job-v1";
import { EXIT_CODE } from "sweep-worker/contract";
import { jobDefaults, type WorkerJobSettings } from "./worker-job-settings.ts";
import { workerContainer } from "./worker-pod.ts";

/** The Job's own part of an Indexed Job of workers: one index for each share, and what happens when a worker fails. */
export function indexedJobSpec({
  workers,
  backoffLimitPerIndex = jobDefaults.backoffLimitPerIndex,
  maxFailedIndexes = Math.max(1, Math.floor(workers / 10)),
}: Pick<WorkerJobSettings, "workers" | "backoffLimitPerIndex" | "maxFailedIndexes">) {
  // A hash over its JSON names Jobs, and another order is another hash.
  return {
    completionMode: "Indexed",
    completions: workers,
    // Always set both: the provider sends 0 for an omitted one, and then the first failure would fail the Job.
    // @see https://github.com/hashicorp/terraform-provider-kubernetes/blob/v2.38.0/kubernetes/structure_job.go
    backoffLimitPerIndex,
    maxFailedIndexes,
    // The provider sends 6 for an omitted one, for all workers together (terraform-provider-kubernetes#2861).
    backoffLimit: 2 ** 31 - 1,
    podFailurePolicy: { rule: podFailureRules() },
  };
}

/** @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
function podFailureRules(): JobV1SpecPodFailurePolicyRule[] {
  return [
    // First, because an interrupted worker also ends with an exit code: spot interruption, drain and preemption are not failures.
    { action: "Ignore", onPodCondition: [{ type: "DisruptionTarget", status: "True" }] },
    {
      // Another attempt would fail the same way. The other workers continue.
      action: "FailIndex",
      onExitCodes: {
        // Optional in the API, but without it the provider crashes with a nil dereference when it reads the Job back.
        containerName: workerContainer,
        operator: "In",
        values: [EXIT_CODE.PERMANENT],
      },
    },
  ];
}
