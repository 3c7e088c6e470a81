import { newPermissions } from "./cluster-roles.ts";
import { isPolicyDocument, widenedPermissions } from "./iam-documents.ts";
import { exact, fromTo, isEmpty, written } from "./pair-in-words.ts";
import type { Pair } from "./pairs.ts";

/** A policy document that allows more, or denies less. */
export function policyDocument(pair: Pair) {
  const isDocument = isPolicyDocument(pair.before) || isPolicyDocument(pair.after);
  // Policies of queues for dead letters, and of images, have such names, too, but hold something else.
  const mayBecome = typeof pair.before === "string" && /^$|"Statement"/.test(pair.before);
  const mayBe = isDocument || (pair.isUnknown && mayBecome && /(^|_)policy$/.test(pair.key));
  if (!mayBe) return undefined;
  const happens = "PERMITS MORE";
  const effect = "somebody may do something that was refused before";
  if (pair.isUnknown) {
    const because = `${pair.path} changes, and its new document is known only after the deploy`;
    return { severity: "loud" as const, happens: "may PERMIT MORE", because, effect };
  }
  const text = (value: unknown) => (isEmpty(value) ? undefined : String(value));
  const reason = widenedPermissions(text(pair.before), text(pair.after));
  return reason === undefined
    ? undefined
    : { severity: "loud" as const, happens, because: `${pair.path}: ${reason}`, effect };
}

/** Rules of a role in the cluster that allow more. */
export function clusterRole(pair: Pair, type: string) {
  // A chart may hold a role, too.
  const isRole =
    (/^kubernetes_(cluster_)?role(_v1)?$/.test(type) && pair.path === "rule") ||
    (pair.key === "rules" && exact([pair.before, pair.after]).includes('"verbs"'));
  if (!isRole) return undefined;
  const effect = "its accounts may do something in the cluster that was refused before";
  if (pair.isUnknown) return { severity: "loud" as const, happens: "may PERMIT MORE", because: fromTo(pair), effect };
  const added = newPermissions(pair.before, pair.after);
  if (added.length === 0) return undefined;
  const because = `it now allows ${added.slice(0, 3).join("; ")}${added.length > 3 ? ` and ${added.length - 3} more` : ""}`;
  return { severity: "loud" as const, happens: "PERMITS MORE", because, effect };
}

/** Lists whose entries each give somebody more, and references that give something else. */
export function morePrincipals(pair: Pair, type: string) {
  const isList =
    /^(kubernetes_groups|managed_policy_arns|principal_arns|allowed_account_ids|aggregation_rule)$/.test(pair.key) ||
    (pair.path === "subject" && /^kubernetes_(cluster_)?role_binding/.test(type)) ||
    // The documents in them are compared, if they are known.
    (pair.path === "inline_policy" && type === "aws_iam_role" && pair.isUnknown) ||
    (pair.key === "access_scope" && type === "aws_eks_access_policy_association" && !isWholeCluster(pair.before));
  const isReference = /^(policy_arn|role_ref)$/.test(pair.key);
  if (!isList && !isReference) return undefined;
  const effect = "somebody may do something that was refused before";
  if (pair.isUnknown) return { severity: "loud" as const, happens: "may PERMIT MORE", because: fromTo(pair), effect };
  const old = new Set([pair.before ?? []].flat().map(exact));
  const added = [pair.after ?? []].flat().filter((value) => !old.has(exact(value)));
  if (added.length === 0 || (pair.key === "access_scope" && isWithinNamespaces(pair))) return undefined;
  const because = `${pair.path} gets ${written(added.length === 1 ? added[0] : added)}`;
  return { severity: "loud" as const, happens: "PERMITS MORE", because, effect };
}

/** Whether a scope of namespaces gets none that it had not. */
function isWithinNamespaces({ before, after }: Pair): boolean {
  const namespaces = (scope: unknown): unknown[] => (Array.isArray(scope) ? (scope[0]?.namespaces ?? []) : []);
  const old = new Set(namespaces(before));
  return !isWholeCluster(after) && namespaces(after).every((name) => old.has(name));
}

/** The widest scope of an access policy. */
const isWholeCluster = (scope: unknown) => exact(scope).includes('"type":"cluster"');
