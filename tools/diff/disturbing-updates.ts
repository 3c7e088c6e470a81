import { changedAttributes } from "./attributes.ts";
import { nounOf, type Severity } from "./consequences.ts";
import { handsBack, isKeda, isOfExecutors } from "./consequences-by-type.ts";
import { loosened, type MonthlyPrice } from "./loosened.ts";
import { type Attributes, attributesOf, type Change } from "./plan.ts";

/** A change in place that users notice. */
interface DisturbingUpdate {
  readonly noun: string;
  readonly severity: Severity;
  readonly happens: string;
  readonly attributes: RegExp;
  /** Whether it is one, by the values of the attribute. Without it, every change of the attribute is one. */
  readonly only?: (values: { readonly before: string; readonly after: string }) => boolean;
  /** Whether it is one, by all attributes of the resource. Without it, the resource may be any of the type. */
  readonly of?: (before: Attributes, after: Attributes) => boolean;
  readonly effect: string;
}

const protectionOff: Pick<DisturbingUpdate, "severity" | "happens" | "only"> = {
  severity: "loud",
  happens: "is SWITCHED OFF",
  only: ({ before, after }) => before === "true" && after !== "true",
};

/** By Terraform type. */
const disturbingUpdates: Readonly<Record<string, readonly DisturbingUpdate[]>> = {
  aws_eks_cluster: [
    {
      noun: "cluster",
      severity: "notice",
      happens: "changes",
      attributes: /^version$/,
      effect: "the control plane is upgraded; EKS does not go back",
    },
    {
      noun: "deletion protection of the cluster",
      ...protectionOff,
      attributes: /^deletion_protection$/,
      effect: "EKS no longer refuses to delete the cluster",
    },
  ],
  aws_eks_node_group: [
    {
      noun: "node group",
      severity: "notice",
      happens: "changes",
      attributes: /^(version|release_version|launch_template\[0\]\.(version|id|name))$/,
      effect:
        "its nodes are replaced, a third of them at a time: every pod on them is drained once, and workers continue elsewhere from their committed blocks",
    },
  ],
  kubernetes_deployment_v1: [
    {
      noun: "Deployment",
      severity: "notice",
      happens: "changes",
      attributes: /^spec\[0\]\.template(\[|$)/,
      of: isOfExecutors,
      effect: `all of its executors start again: ${handsBack}`,
    },
    {
      noun: "service",
      severity: "notice",
      happens: "changes",
      attributes: /^spec\[0\]\.template(\[|$)/,
      of: (before) => !isOfExecutors(before),
      effect: "its pods are replaced one after the other, each after its successor is ready: no request fails",
    },
  ],
  helm_release: [
    {
      noun: "release",
      severity: "notice",
      happens: "changes",
      attributes: /^version$/,
      of: isKeda,
      effect: "executors and messages stay; nobody starts or ends executors until the new KEDA runs",
    },
    {
      noun: "maximum of executors",
      severity: "notice",
      happens: "is LOWERED",
      attributes: /^values(\[|$)/,
      of: (before, after) => mostExecutors(after) < mostExecutors(before),
      effect: `executors above it end at once: ${handsBack}`,
    },
  ],
  // The protection of a stack, which remembers its deployed value.
  terraform_data: [
    {
      noun: "deletion protection of the stack",
      ...protectionOff,
      attributes: /^input\.protected$/,
      effect: "after this deploy a destroy is no longer refused",
    },
  ],
};

/** A change in place, in words. */
export interface UpdateEffect {
  readonly noun: string;
  readonly severity: Severity;
  readonly happens: string;
  readonly because: string;
  readonly effect: string;
}

/** The effects of a change in place on users, and everything that it opens, unprotects, or deletes earlier. */
export function consequencesOfUpdate(type: string, change: Change, monthly?: MonthlyPrice): UpdateEffect[] {
  const known = Object.hasOwn(disturbingUpdates, type) ? disturbingUpdates[type] : undefined;
  const changed = known === undefined ? [] : changedAttributes(change);
  const [before, after] = [attributesOf(change.before), attributesOf(change.after)];
  const named = new Set<string>();
  const own = (known ?? []).flatMap(({ attributes: pattern, only = () => true, of = () => true, ...update }) => {
    if (!of(before, after)) return [];
    const attributes = changed.filter((values) => pattern.test(values.path) && only(values)).map(({ path }) => path);
    if (attributes.length === 0) return [];
    // A restart says nothing of the rights that the pods get with it.
    if (update.severity === "loud") for (const path of attributes) named.add(path);
    const because = `${attributes.join(", ")} ${attributes.length === 1 ? "changes" : "change"}`;
    const { noun, severity, happens, effect } = update;
    return [{ noun, severity, happens, because, effect }];
  });
  const general = loosened(type, change, monthly).filter(({ path }) => !named.has(path));
  const noun = nounOf(type);
  return [...own, ...general.map(({ path, ...effect }) => ({ noun, ...effect }))];
}

/** The maximum of a release that scales executors; not a number for any other. */
function mostExecutors({ name, values }: Attributes): number {
  if (!/^executor-.*-scaling$/.test(String(name)) || !Array.isArray(values)) return Number.NaN;
  try {
    const { objects } = JSON.parse(values[0]);
    return objects.find(({ kind }: { readonly kind: string }) => kind === "ScaledObject").spec.maxReplicaCount;
  } catch {
    // Another chart of that name, whose values are YAML.
    return Number.NaN;
  }
}
