import { Token } from "cdktf";
import { z } from "zod";
import { type ShapeOf, text, withFix, word } from "./fields.ts";
import { oneOf, type Problem, show, within } from "./problems.ts";

/** Effects of a taint in Kubernetes' spelling. EKS has another one (`NO_SCHEDULE`), which `NodePool` derives. */
export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;
/** Effect of a taint on pods that do not tolerate it. */
export type TaintEffect = (typeof taintEffects)[number];

/** Keeps pods away from a node unless they tolerate it, for example `{ key: "team", value: "vision", effect: "NoSchedule" }`. */
export interface Taint {
  /** Key of the taint: `[prefix/]name`, for example `workload-type`. */
  readonly key: string;
  /**
   * Value of the taint: up to 63 letters, digits, -, _ and ., for example `executor`.
   * @default "" - the taint is its key alone
   */
  readonly value?: string | undefined;
  /**
   * `NoSchedule` starts no pod here that does not tolerate the taint, `PreferNoSchedule` avoids it, and `NoExecute` also evicts
   * running pods.
   */
  readonly effect: TaintEffect;
}

/** Lets a pod onto a tainted node, in the form of a pod's specification. */
export interface Toleration {
  /** Key of the taint. */
  readonly key: string;
  /** `Equal` tolerates one value of the key, `Exists` all of them. */
  readonly operator: "Equal" | "Exists";
  /**
   * Value of the taint.
   * @default - any, with `Exists`
   */
  readonly value?: string;
  /**
   * Effect of the taint.
   * @default - every effect
   */
  readonly effect?: TaintEffect;
}

const allowedKey = "[prefix/]name, with a DNS subdomain as prefix and up to 63 letters, digits, -, _ and . as name";
const allowedValue = "empty, or up to 63 letters, digits, -, _ and .";

/** Schema of a {@link Taint}. */
export const taintSchema = z
  .strictObject({
    key: text({ allowed: allowedKey, example: "workload-type" }),
    value: text({ allowed: allowedValue, example: "executor", default: "" }).optional(),
    effect: word(taintEffects, { example: "NoSchedule" }),
  } satisfies ShapeOf<Taint>)
  .meta(withFix({ example: { key: "workload-type", value: "executor", effect: "NoSchedule" } }));

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const longestSubdomain = 253;
const dnsLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Longest key of a label or taint in EKS's API. Kubernetes would allow a prefix of 253 characters beside the name.
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html "labels"
 */
const maximumKeyLength = 63;

/** Checks the labels of a node; `path` starts with the label's key. Values known only after apply are left to Kubernetes. */
export function labelProblems(labels: Readonly<Record<string, string>>): Problem[] {
  return Object.entries(labels).flatMap(([key, value]) =>
    within([key], [...keyProblems(key), ...reservedKeyProblems(key), ...labelValueProblems(value)]),
  );
}

/** Checks the taints of a node; `path` starts with the taint's index. */
export function taintProblems(taints: readonly Taint[]): Problem[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key, value, effect }, index) => {
    const problems = [
      ...within(["key"], [...keyProblems(key), ...statusKeyProblems(key)]),
      ...within(["value"], valueProblems(value ?? "")),
    ];
    if (!taintEffects.includes(effect)) {
      const fix = "use Kubernetes' spelling, from which EKS's own (NO_SCHEDULE) is derived";
      problems.push({ path: ["effect"], allowed: oneOf(taintEffects), got: show(effect), fix });
    }
    const identity = `${key}:${effect}`;
    if (seen.has(identity)) {
      const fix = "remove this taint, or change its key or its effect";
      problems.push({ path: [], allowed: "unique by key and effect", got: `a second ${show(identity)}`, fix });
    }
    seen.add(identity);
    return within([index], problems);
  });
}

/** Checks a name that must be a DNS label, such as the name of a namespace or of a pool. */
export function dnsLabelProblems(name: string, maximumLength: number): Problem[] {
  if (dnsLabel.test(name) && name.length <= maximumLength) return [];
  const allowed = `a lower-case letter followed by lower-case letters, digits and hyphens, at most ${maximumLength} characters`;
  return [{ path: [], allowed, got: show(name), fix: `use for example ${show(asDnsLabel(name, maximumLength))}` }];
}

/** Checks a name that must be a DNS subdomain, such as the name of a Secret. */
export function dnsSubdomainProblems(name: string): Problem[] {
  if (isSubdomain(name)) return [];
  const allowed = `lower-case letters, digits, hyphens and dots between them, at most ${longestSubdomain} characters`;
  return [{ path: [], allowed, got: show(name), fix: `use for example ${show(asDnsLabel(name, longestSubdomain))}` }];
}

function asDnsLabel(name: string, maximumLength: number): string {
  const cleaned = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, maximumLength)
    .replace(/-+$/, "");
  return cleaned === "" ? "general" : cleaned;
}

function keyProblems(key: string): Problem[] {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  if (!qualifiedName.test(key.slice(slash + 1)) || (prefix !== undefined && !isSubdomain(prefix))) {
    return [{ path: [], allowed: `a key of the form ${allowedKey}`, got: show(key), fix: outerCharacters }];
  }
  if (key.length > maximumKeyLength) {
    const allowed = `a key of at most ${maximumKeyLength} characters`;
    const fix = "EKS takes no longer one, so shorten the key or its prefix";
    return [{ path: [], allowed, got: `${key.length} characters`, fix }];
  }
  return [];
}

/** EKS refuses these on a node group, and the kubelet refuses to set most of them on itself. */
function reservedKeyProblems(key: string): Problem[] {
  const prefix = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (!/(^|\.)(kubernetes\.io|k8s\.io)$|^eks\.amazonaws\.com$/.test(prefix)) return [];
  const allowed = "a key without the reserved prefixes kubernetes.io, k8s.io and eks.amazonaws.com";
  return [{ path: [], allowed, got: show(key), fix: "remove the prefix, or use a domain of your own" }];
}

/** Kubernetes sets these taints on nodes that are not ready, and removes them again. */
function statusKeyProblems(key: string): Problem[] {
  if (!/^node\.(cloudprovider\.)?kubernetes\.io\//.test(key)) return [];
  const fix = "Kubernetes keeps pods away from unready nodes with these, so use a key of your own";
  return [{ path: [], allowed: "a key without the prefix of a node's conditions", got: show(key), fix }];
}

/** Checks the value of a label of a node. Kubernetes would allow an empty one, and EKS's API does not. */
export function labelValueProblems(value: string): Problem[] {
  if (value !== "") return valueProblems(value);
  const fix = 'EKS takes no empty value for a label, so use for example "true"';
  return [{ path: [], allowed: "up to 63 letters, digits, -, _ and ., at least one", got: show(value), fix }];
}

function valueProblems(value: string): Problem[] {
  if (value === "" || Token.isUnresolved(value) || qualifiedName.test(value)) return [];
  return [{ path: [], allowed: allowedValue, got: show(value), fix: outerCharacters }];
}

const outerCharacters = "use only these characters, with a letter or digit at the beginning and at the end";

function isSubdomain(text: string): boolean {
  return text.length <= longestSubdomain && dnsSubdomain.test(text);
}
