import { type Problem, show, within } from "../../constructs/support/problems.ts";
import { checked, type Resolution } from "./resolution.ts";
import type { ResolvedEnvironment } from "./resolved-environment.ts";
import type { Environment } from "./schema.ts";

const characters = "letters, digits, spaces and _ . : / = + - @";

/** Tags that the platform sets itself: one on every resource, the other on those that consoles show by it. */
const platformTags: readonly string[] = ["Environment", "Name"];

/**
 * AWS allows 50 tags of a user on a resource. A machine also has the platform's two, and those of EKS and the autoscaler:
 * `eks:cluster-name`, `eks:nodegroup-name`, `kubernetes.io/cluster/<name>`, `k8s.io/cluster-autoscaler/enabled` and
 * `k8s.io/cluster-autoscaler/<name>`.
 */
const mostTags = 50 - platformTags.length - 5;

/** Keys with a meaning for EKS, the autoscaler or the EBS CSI driver, which refuses to start with one of its own. */
const reservedKey =
  /^(eks:|([\w.-]+\.)?(kubernetes|k8s)\.io\/|ebs\.csi\.aws\.com\/)|^(KubernetesCluster|CSIVolumeName)$/i;

/** @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
export function resolveTags({ name, tags = {} }: Environment): Resolution<ResolvedEnvironment["tags"]> {
  const keys = Object.keys(tags);
  const problems: Problem[] = Object.entries(tags).flatMap(([key, value], index) =>
    within([key], [...keyProblems(key, value, keys.slice(0, index)), ...valueProblems(value)]),
  );
  if (keys.length > mostTags) {
    const allowed = `at most ${mostTags} tags: AWS allows 50, and the platform, EKS and the autoscaler add ${50 - mostTags}`;
    problems.push({ path: [], allowed, got: `${keys.length} tags`, fix: "remove some" });
  }
  return checked({ ...tags, Environment: name }, within(["tags"], problems));
}

function keyProblems(key: string, value: string, before: readonly string[]): Problem[] {
  const problem = (allowed: string, fix: string, got = show(key)): Problem[] => [{ path: [], allowed, got, fix }];
  if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || /^aws:/i.test(key)) {
    return problem(`a key without the prefix aws:, of 1 to 128 ${characters}`, "rename the tag");
  }
  if (platformTags.includes(key)) {
    return problem("left out, because the platform sets it", "remove the tag", show(value));
  }
  if (reservedKey.test(key)) return problem("left out, because EKS and its programs set such tags", "rename the tag");
  // IAM takes keys that differ only in case for one, and refuses the second on a role; S3 and EC2 take them for two.
  const twin = [...platformTags, ...before].find((other) => other.toLowerCase() === key.toLowerCase());
  if (twin === undefined) return [];
  return problem(`different from ${show(twin)} in more than its case, which IAM ignores`, "remove one of the two");
}

function valueProblems(value: string): Problem[] {
  const problem = (allowed: string, fix: string): Problem[] => [{ path: [], allowed, got: show(value), fix }];
  if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
    return problem(`up to 256 ${characters}`, "shorten or change it");
  return /^aws:/i.test(value) ? problem("a value without the prefix aws:, which AWS reserves", "change it") : [];
}
