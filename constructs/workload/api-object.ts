/** Blocks and attributes of the provider whose name in the Kubernetes API is another one. */
const apiNames: Readonly<Record<string, string>> = {
  container: "containers",
  onPodCondition: "onPodConditions",
  rule: "rules",
  toleration: "tolerations",
  topologySpreadConstraint: "topologySpreadConstraints",
  volume: "volumes",
  volumeMount: "volumeMounts",
};
/** Numbers of the API that are texts in the provider. */
const numbers: ReadonlySet<string> = new Set(["fsGroup", "runAsGroup", "runAsUser", "tolerationSeconds"]);
/** Objects of the API that are lists of one in the provider. */
const single: ReadonlySet<string> = new Set(["labelSelector"]);
/** Maps whose keys are data. */
const maps: ReadonlySet<string> = new Set([
  "annotations",
  "labels",
  "limits",
  "matchLabels",
  "nodeSelector",
  "requests",
]);

/** A part of an object as the Kubernetes API takes it. */
export type ApiObject = Readonly<Record<string, unknown>>;

/**
 * Writes a block of the Terraform provider in the API's own spelling: the same code then makes pods of Terraform and pods of others. It
 * knows the blocks of a worker's Job.
 */
export function apiObject(block: object): ApiObject {
  const given = Object.entries(block).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [apiNames[name] ?? name, apiValue(name, value)]));
}

function apiValue(name: string, value: unknown): unknown {
  if (numbers.has(name)) return Number(value);
  if (maps.has(name)) return { ...(value as object) };
  if (single.has(name)) return apiObject((value as readonly object[])[0] ?? {});
  return apiElement(value);
}

function apiElement(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(apiElement);
  return typeof value === "object" && value !== null ? apiObject(value) : value;
}
