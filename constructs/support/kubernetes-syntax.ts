import { Token } from "cdktf";
import { type Problem, show } from "./problems.ts";

/** Kubernetes' own spelling. EKS wants `NO_SCHEDULE` and so on, which `NodePool` derives. */
export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;
export type TaintEffect = (typeof taintEffects)[number];

/** Keeps pods away from a node unless they tolerate it. */
export interface Taint {
  readonly key: string;
  /** @default - empty: the taint is its key alone */
  readonly value?: string | undefined;
  readonly effect: TaintEffect;
}

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const dnsLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Longest label or taint key the cluster autoscaler can be told about: AWS allows 128 characters in a tag key, and
 * `k8s.io/cluster-autoscaler/node-template/label/` takes 46 of them.
 */
const maximumKeyLength = 128 - "k8s.io/cluster-autoscaler/node-template/label/".length;

/** What is wrong with the labels of a node; `path` starts with the label's key. Values known after apply are left alone. */
export function labelProblems(labels: Readonly<Record<string, string>>): Problem[] {
  return Object.entries(labels).flatMap(([key, value]) =>
    [...keyProblems(key), ...reservedKeyProblems(key), ...valueProblems(value)].map((problem) => ({
      ...problem,
      path: [key],
    })),
  );
}

/** What is wrong with the taints of a node; `path` starts with the taint's index. */
export function taintProblems(taints: readonly Taint[]): Problem[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key, value, effect }, index) => {
    const problems: Problem[] = [
      ...keyProblems(key).map((problem) => ({ ...problem, path: [index, "key"] })),
      ...valueProblems(value ?? "").map((problem) => ({ ...problem, path: [index, "value"] })),
    ];
    if (!taintEffects.includes(effect)) {
      problems.push({
        path: [index, "effect"],
        what: "is not a taint effect of Kubernetes",
        got: show(effect),
        allowed: taintEffects.join(", "),
        fix: "use the Kubernetes spelling, EKS's own (NO_SCHEDULE) is derived from it",
      });
    }
    if (seen.has(`${key}:${effect}`)) {
      problems.push({
        path: [index],
        what: "repeats a taint",
        got: show(`${key}:${effect}`),
        allowed: "each key once for each effect",
        fix: "remove one of the two",
      });
    }
    seen.add(`${key}:${effect}`);
    return problems;
  });
}

/** What is wrong with a name that must be a DNS label, such as a namespace or a pool. */
export function dnsLabelProblems(name: string, maximumLength: number): Problem[] {
  if (dnsLabel.test(name) && name.length <= maximumLength) return [];
  return [
    {
      path: [],
      what: "is not a DNS label",
      got: show(name),
      allowed: `a lower-case letter, then letters, digits and hyphens, ${maximumLength} characters at most`,
      fix: `use for example ${show(asDnsLabel(name, maximumLength))}`,
    },
  ];
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
    const what = "is not a key of Kubernetes";
    const allowed = "[prefix/]name, the prefix a DNS subdomain, the name 63 letters, digits, -, _ and . at most";
    return [{ path: [], what, got: show(key), allowed, fix: "use these characters, a letter or digit first and last" }];
  }
  if (key.length > maximumKeyLength) {
    const what = "is too long for the tag that tells the autoscaler about it";
    const allowed = `${maximumKeyLength} characters at most`;
    return [{ path: [], what, got: `${key.length} characters`, allowed, fix: "shorten the key" }];
  }
  return [];
}

/** EKS refuses these on a node group, and the kubelet refuses to set most of them on itself. */
function reservedKeyProblems(key: string): Problem[] {
  const prefix = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (!/(^|\.)(kubernetes\.io|k8s\.io)$|^eks\.amazonaws\.com$/.test(prefix)) return [];
  const allowed = "any prefix but kubernetes.io, k8s.io and eks.amazonaws.com";
  const fix = "remove the prefix or use a domain of your own";
  return [{ path: [], what: "has a reserved prefix", got: show(key), allowed, fix }];
}

function valueProblems(value: string): Problem[] {
  if (value === "" || Token.isUnresolved(value) || qualifiedName.test(value)) return [];
  const allowed = "empty, or 63 letters, digits, -, _ and . at most";
  const fix = "use these characters, a letter or digit first and last";
  return [{ path: [], what: "is not a value of Kubernetes", got: show(value), allowed, fix }];
}

function isSubdomain(text: string): boolean {
  return text.length <= 253 && dnsSubdomain.test(text);
}
