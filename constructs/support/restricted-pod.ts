/*
 * The parts that all restricted pods have in common. The Kubernetes provider has one type of a pod for each kind of object, and they are
 * of the same shape.
 */

/** User and group of the worker's image, the same as `USER` in worker/Dockerfile. */
export const workerUserId = 65532;

/** The security context of a pod whose processes run as the user of the worker's image. */
export function restrictedPodSecurity() {
  return {
    runAsNonRoot: true,
    runAsUser: String(workerUserId),
    runAsGroup: String(workerUserId),
    fsGroup: String(workerUserId),
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** The security context of a container that writes to its volumes only. */
export function restrictedContainerSecurity() {
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
  };
}

/**
 * Labels of a namespace that takes restricted pods only.
 *
 * @param version minor version of Kubernetes whose definition of the standard applies, for example `1.35`.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function podSecurityLabels(version: string): Record<string, string> {
  const modes = ["enforce", "audit", "warn"];
  return Object.fromEntries(
    modes.flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, "restricted"],
      [`pod-security.kubernetes.io/${mode}-version`, `v${version}`],
    ]),
  );
}

/**
 * Best-effort spread over nodes and zones. `DoNotSchedule` on zones would never grow a group from zero, since the template of such a
 * group is in one zone only (autoscaler#4305).
 */
export function spread(matchLabels: Readonly<Record<string, string>>) {
  return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: [{ matchLabels: { ...matchLabels } }],
  }));
}

/** A quantity of CPU as the API server writes it back (`1` and not `1000m`), so that a plan shows no difference. */
export function cores(millis: number): string {
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** A quantity of memory as the API server writes it back. */
export function mebibytes(amount: number): string {
  return amount % 1024 === 0 ? `${amount / 1024}Gi` : `${amount}Mi`;
}
