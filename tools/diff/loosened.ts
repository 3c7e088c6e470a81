import { isBlock, newlyAdmitted } from "./admitted-addresses.ts";
import { newTraffic } from "./admitted-traffic.ts";
import { isWithin } from "./attributes.ts";
import type { Severity } from "./consequences.ts";
import { expiration, imagesExpire, shorter } from "./earlier-deletion.ts";
import { exact, fromTo, isEmpty } from "./pair-in-words.ts";
import { type Pair, pairsOf } from "./pairs.ts";
import { type Attributes, attributesOf, type Change } from "./plan.ts";
import { clusterRole, morePrincipals, policyDocument } from "./wider-permissions.ts";

/** A change that opens access, removes a protection, deletes data earlier, or costs money all the time. */
export interface Loosened {
  readonly severity: Severity;
  /** For example `PERMITS MORE`. */
  readonly happens: string;
  readonly because: string;
  readonly effect: string;
  /** The attribute. */
  readonly path: string;
}

type Rule = (pair: Pair, type: string) => Omit<Loosened, "path"> | undefined;

/** What further machines of a group cost in a month, in words; undefined if nobody knows. */
export type MonthlyPrice = (group: Attributes, machines: number) => string | undefined;

/** Every loosening of a change, whatever the type of the resource. An attribute that nobody can decide counts as loosened. */
export function loosened(type: string, change: Change, monthly: MonthlyPrice = () => undefined): Loosened[] {
  const found: Loosened[] = [];
  const traffic = newTraffic(type, change) ?? [];
  if (traffic.length > 0) {
    const isSensitive = [change.before_sensitive, change.after_sensitive].some((marks) =>
      exact(marks).includes("true"),
    );
    const because = isSensitive
      ? "its rules change, and are sensitive"
      : `it newly admits ${traffic.slice(0, 5).join("; ")}${traffic.length > 5 ? ` and ${traffic.length - 5} more` : ""}`;
    found.push({
      path: "",
      severity: "loud",
      happens: "ADMITS MORE",
      because,
      effect: "traffic passes that was refused before",
    });
  }
  const more = (pair: Pair) => moreMachines(pair, attributesOf(change.after), monthly);
  for (const pair of pairsOf(change)) {
    // The outer attribute has said it already.
    if (found.some(({ path }) => path !== "" && path !== pair.path && isWithin(pair.path, path))) continue;
    for (const rule of [...rules, more]) {
      const result = rule(pair, type);
      if (result === undefined) continue;
      // No rule prints a value of which a part is sensitive.
      const because = pair.isSensitive ? `${pair.path} changes, and is sensitive` : result.because;
      found.push({ path: pair.path, ...result, because });
      break;
    }
  }
  return found;
}

/** Switches that nobody may turn on unseen, each with the effect. */
const dangerousOn: readonly [RegExp, string][] = [
  [/^force_(destroy|delete)$/, "destroying it then deletes everything in it, and AWS no longer refuses"],
  [/^(skip_final_snapshot|delete_automated_backups)$/, "destroying it then leaves no copy"],
  [
    /^(endpoint_public_access|publicly_accessible|map_public_ip_on_launch|associate_public_ip_address|assign_public_ip)$/,
    "it can be reached from the internet",
  ],
  [
    /^(privileged|allow_privilege_escalation|host_network|host_pid|host_ipc)$/,
    "its pods get rights on the machine, and with them on other pods",
  ],
  [
    /^(bootstrap_cluster_creator_admin_permissions|automount_service_account_token)$/,
    "a program gets credentials that it had not",
  ],
];

/** Switches that nobody may turn off unseen. */
const dangerousOff: readonly [RegExp, string][] = [
  [
    /^(deletion_protection(_enabled)?|enable_deletion_protection|disable_api_(termination|stop)|termination_protection|protected)$/,
    "nothing refuses to delete it any more",
  ],
  [
    /^(block_public_(acls|policy)|ignore_public_acls|restrict_public_buckets)$/,
    "a policy or an ACL may make it public",
  ],
  [
    /^(encrypted|storage_encrypted|(at_rest|transit)_encryption_enabled|encrypt_at_rest|sqs_managed_sse_enabled)$/,
    "new data is no longer encrypted as before",
  ],
  [/^enable_key_rotation$/, "the key stays the same for ever"],
  [/^scan_on_push$/, "nobody looks for vulnerabilities in new images"],
  [/^(read_only_root_filesystem|run_as_non_root)$/, "its programs get rights in the container that they had not"],
  [/^endpoint_private_access$/, "nodes reach the cluster over the internet"],
  [/^internal$/, "it can be reached from the internet"],
];

/** Words in order of strictness, the strictest first. Another word counts as the loosest, and none as `absent`, if there is such a default. */
const strictness: readonly (readonly [path: RegExp, words: readonly string[], effect: string, absent?: string])[] = [
  [/(^|\.)http_tokens$/, ["required"], "every program on the node reads the node's credentials with one plain request"],
  [/(^|\.)image_tag_mutability$/, ["IMMUTABLE"], "a push can replace the image behind a tag"],
  [/(^|\.)sse_algorithm$/, ["aws:kms:dsse", "aws:kms", "AES256"], "new data is encrypted less strictly"],
  [/(^|\.)object_ownership$/, ["BucketOwnerEnforced"], "ACLs of objects count again, and may make them public"],
  [/(^|\.)acl$/, ["private"], "others may read or write it", "private"],
  [
    /access_config\[0\]\.authentication_mode$/,
    ["API", "API_AND_CONFIG_MAP"],
    "the ConfigMap aws-auth gives access, too",
  ],
  [/pod-security\.kubernetes\.io\/enforce$/, ["restricted", "baseline"], "pods may ask for rights that were refused"],
  [
    /versioning(_configuration)?\[0\]\.(status|mfa_delete)$/,
    ["Enabled"],
    "an object that is overwritten or deleted is gone",
  ],
  [/versioning\[0\]\.enabled$/, ["true"], "an object that is overwritten or deleted is gone"],
  [/^spec\[0\]\.type$/, ["ClusterIP", "NodePort"], "it can be reached from outside of the cluster"],
  // Of an Ingress, and of all Ingresses that share a load balancer.
  [
    /alb\.ingress\.kubernetes\.io\/scheme$|ingressClassParams\.spec\.scheme$/,
    ["internal"],
    "it can be reached from the internet",
    "internal",
  ],
];

/** Addresses that are no admission. */
const ownAddresses =
  /^aws_(vpc|vpc_endpoint|subnet|route|route_table|default_route_table|default_subnet|default_vpc|.*_cidr_block_association)$/;

const rules: readonly Rule[] = [
  (pair) => {
    const [, effect] = dangerousOn.find(([key]) => key.test(pair.key)) ?? [];
    if (effect === undefined || isOn(pair.before) || !(isOn(pair.after) || pair.isUnknown)) return undefined;
    return { severity: "loud", happens: "LOSES A PROTECTION", because: fromTo(pair), effect };
  },
  (pair) => {
    const [, effect] = dangerousOff.find(([key]) => key.test(pair.key)) ?? [];
    if (effect === undefined || !isOn(pair.before) || (isOn(pair.after) && !pair.isUnknown)) return undefined;
    return { severity: "loud", happens: "LOSES A PROTECTION", because: fromTo(pair), effect };
  },
  (pair) => {
    const [, words, effect, absent] = strictness.find(([path]) => path.test(pair.path)) ?? [];
    if (words === undefined || effect === undefined || (pair.before ?? absent) === undefined) return undefined;
    const place = (value: unknown) => (words.indexOf(String(value ?? absent)) + words.length + 1) % (words.length + 1);
    if (!pair.isUnknown && place(pair.after) <= place(pair.before)) return undefined;
    return { severity: "loud", happens: "LOSES A PROTECTION", because: fromTo(pair), effect };
  },
  encryptionKey,
  emptiedBlock,
  policyDocument,
  publicAddresses,
  addresses,
  clusterRole,
  morePrincipals,
  shorter,
  expiration,
  imagesExpire,
  undecided,
];

const isOn = (value: unknown) => value === true || value === "true";
function encryptionKey(pair: Pair) {
  if (!/^(kms_(master_)?key_(id|arn)|kms_key|key_arn|permissions_boundary)$/.test(pair.key) || isEmpty(pair.before))
    return undefined;
  const isBoundary = pair.key === "permissions_boundary";
  const because = fromTo(pair);
  if (isBoundary) {
    return {
      severity: "loud" as const,
      happens: "PERMITS MORE",
      because,
      effect: "another boundary, or none, limits its permissions",
    };
  }
  if (isEmpty(pair.after) && !pair.isUnknown) {
    return {
      severity: "loud" as const,
      happens: "LOSES A PROTECTION",
      because,
      effect: "new data is no longer encrypted with this key",
    };
  }
  return {
    severity: "notice" as const,
    happens: "changes its key",
    because,
    effect: "old data stays encrypted with the old key, which must stay",
  };
}

/** Blocks whose end takes a protection away. */
function emptiedBlock(pair: Pair) {
  if (!/^(encryption_config(uration)?|server_side_encryption_configuration|enabled_cluster_log_types)$/.test(pair.key))
    return undefined;
  if (pair.isUnknown || isEmpty(pair.before)) return undefined;
  const lost = [pair.before]
    .flat()
    .filter((value) => ![pair.after ?? []].flat().some((other) => exact(other) === exact(value)));
  if (!isEmpty(pair.after) && (lost.length === 0 || pair.key !== "enabled_cluster_log_types")) return undefined;
  const isLog = pair.key === "enabled_cluster_log_types";
  const effect = isLog
    ? "nobody can read later what happened in the cluster"
    : "new data is no longer encrypted as before";
  return { severity: "loud" as const, happens: "LOSES A PROTECTION", because: fromTo(pair), effect };
}

/** No list means everybody, in EKS and in a Kubernetes Service. */
function publicAddresses(pair: Pair) {
  if (!/^(public_access_cidrs|load_balancer_source_ranges)$/.test(pair.key)) return undefined;
  const blocks = (value: unknown) => (isEmpty(value) ? ["0.0.0.0/0", "::/0"] : [value].flat().map(String));
  const added = pair.isUnknown ? [] : newlyAdmitted(blocks(pair.before), blocks(pair.after));
  if (added.length === 0 && !pair.isUnknown) return undefined;
  return admission(pair, added);
}

function addresses(pair: Pair, type: string) {
  if (ownAddresses.test(type) || /^service_ipv[46]_cidr$/.test(pair.key)) return undefined;
  // `newTraffic` has compared these with their ports.
  if (/security_group/.test(type)) return undefined;
  const isNamed = /cidr|source_ranges|(^|_)ip_(ranges|allow_list)|allowed_ips$/.test(pair.key);
  const listed = (value: unknown) =>
    [value ?? []].flat().flatMap((one) => (typeof one === "string" ? one.split(",").map((part) => part.trim()) : []));
  const [before, after] = [listed(pair.before), listed(pair.after)];
  const looksSo = after.length > 0 && after.every((text) => text.includes("/") && isBlock(text));
  if (!isNamed && !looksSo) return undefined;
  if (pair.isUnknown) return admission(pair, []);
  // Fewer exceptions admit more.
  const added = pair.key === "except" ? newlyAdmitted(after, before) : newlyAdmitted(before, after);
  // A single block that goes, such as the `cidr` of an entry, leaves the others.
  const isEmptied = before.length > 0 && after.length === 0 && pair.key !== "except" && pair.key.endsWith("s");
  return added.length === 0 && !isEmptied ? undefined : admission(pair, added);
}

function admission(pair: Pair, added: readonly string[]) {
  const shown = `${added.slice(0, 5).join(", ")}${added.length > 5 ? ` and ${added.length - 5} more` : ""}`;
  const because =
    added.length > 0 ? `${pair.path} newly admits ${shown}` : `${fromTo(pair)}; an empty list may admit everybody`;
  const everybody = added.some((block) => /\/0$/.test(block));
  const effect = everybody
    ? "everybody on the internet is admitted"
    : "addresses are admitted that were refused before";
  return {
    severity: "loud" as const,
    happens: "ADMITS MORE",
    because: pair.isUnknown ? fromTo(pair) : because,
    effect,
  };
}

/** Machines that run all the time, whether there is work or not. */
function moreMachines(pair: Pair, after: Attributes, monthly: MonthlyPrice) {
  if (!/^min_(size|capacity|replicas|nodes)$/.test(pair.key)) return undefined;
  const added = Number(pair.after ?? 0) - Number(pair.before ?? 0);
  if (!pair.isUnknown && !(added > 0)) return undefined;
  const price = pair.isUnknown ? undefined : monthly(after, added);
  const count = pair.isUnknown ? "more run" : `${added} more ${added === 1 ? "runs" : "run"}`;
  const effect = `${count} all the time, with or without work: ${price ?? "its price is not known here, see npm run cost"}`;
  return { severity: "notice" as const, happens: "COSTS MORE", because: fromTo(pair), effect };
}

/** What admits traffic in a way that is not computed here. */
function undecided(pair: Pair, type: string) {
  const isPolicy = /^kubernetes_network_policy/.test(type) && pair.path === "spec";
  const isAcl = /^aws_(default_)?network_acl(_rule)?$/.test(type) && !/^tags/.test(pair.key);
  if (!isPolicy && !isAcl) return undefined;
  return {
    severity: "notice" as const,
    happens: "may ADMIT MORE",
    because: `${pair.path} changes`,
    effect: "traffic may pass that was refused before: compare its rules in the plan",
  };
}
