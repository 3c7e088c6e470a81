import { exact, fromTo, isEmpty } from "./pair-in-words.ts";
import type { Pair } from "./pairs.ts";

/** Switches that nobody may turn on unseen, each with the effect. */
const dangerousOn: readonly [RegExp, string][] = [
  [/^force_(destroy|delete)$/, "destroying it then deletes everything in it, and AWS no longer refuses"],
  [/^(skip_final_snapshot|delete_automated_backups)$/, "destroying it then leaves no copy"],
  [
    /^(endpoint_public_access|publicly_accessible|map_public_ip_on_launch|associate_public_ip_address|assign_public_ip)$/,
    "it can be reached from the internet",
  ],
  [/^(privileged|host_network|host_pid|host_ipc)$/, "its pods get rights on the node, and with them on other pods"],
  [/^allow_privilege_escalation$/, "its programs may gain more privileges than their parent processes"],
  [
    /^(bootstrap_cluster_creator_admin_permissions|automount_service_account_token)$/,
    "a program gets credentials that it had not",
  ],
];

const noRestore = "nobody can restore an earlier state of the table, and the copies until now are gone";

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
  [/^point_in_time_recovery$/, noRestore],
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
  [/point_in_time_recovery\[0\]\.(enabled|status)$/, ["true", "ENABLED"], noRestore],
  [/^spec\[0\]\.type$/, ["ClusterIP", "NodePort"], "it can be reached from outside of the cluster"],
  // Of an Ingress, and of all Ingresses that share a load balancer.
  [
    /alb\.ingress\.kubernetes\.io\/scheme$|ingressClassParams\.spec\.scheme$/,
    ["internal"],
    "it can be reached from the internet",
    "internal",
  ],
];

/** Switches that are on in Kubernetes if nobody sets them. */
const onByDefault = /^(allow_privilege_escalation|automount_service_account_token)$/;

/** A switch that takes a protection away. */
export function switched(pair: Pair) {
  const isOn = (value: unknown) => String(value ?? onByDefault.test(pair.key)) === "true";
  const [, danger] = dangerousOn.find(([key]) => key.test(pair.key)) ?? [];
  if (danger !== undefined && !isOn(pair.before) && (isOn(pair.after) || pair.isUnknown))
    return lost(fromTo(pair), danger);
  const [, loss] = dangerousOff.find(([key]) => key.test(pair.key)) ?? [];
  if (loss !== undefined && isOn(pair.before) && (!isOn(pair.after) || pair.isUnknown)) return lost(fromTo(pair), loss);
  return undefined;
}

/** A word that is less strict than the one before. */
export function lessStrict(pair: Pair) {
  const [, words, effect, absent] = strictness.find(([path]) => path.test(pair.path)) ?? [];
  if (words === undefined || effect === undefined || (pair.before ?? absent) === undefined) return undefined;
  const place = (value: unknown) => (words.indexOf(String(value ?? absent)) + words.length + 1) % (words.length + 1);
  const after = pair.isUnknown ? words.length : place(pair.after);
  return after > place(pair.before) ? lost(fromTo(pair), effect) : undefined;
}

/** The warning of a protection that ends. */
export function lost(because: string, effect: string) {
  return { severity: "loud" as const, happens: "LOSES A PROTECTION", because, effect };
}

/** A key, or a boundary of permissions, that goes or becomes another. */
export function encryptionKey(pair: Pair) {
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
    return lost(because, "new data is no longer encrypted with this key");
  }
  return {
    severity: "notice" as const,
    happens: "changes its key",
    because,
    effect: "old data stays encrypted with the old key, which must stay",
  };
}

/** Blocks whose end takes a protection away. */
export function emptiedBlock(pair: Pair) {
  if (!/^(encryption_config(uration)?|server_side_encryption_configuration|enabled_cluster_log_types)$/.test(pair.key))
    return undefined;
  if (pair.isUnknown || isEmpty(pair.before)) return undefined;
  const gone = [pair.before]
    .flat()
    .filter((value) => ![pair.after ?? []].flat().some((other) => exact(other) === exact(value)));
  if (!isEmpty(pair.after) && (gone.length === 0 || pair.key !== "enabled_cluster_log_types")) return undefined;
  const isLog = pair.key === "enabled_cluster_log_types";
  const effect = isLog
    ? "nobody can read later what happened in the cluster"
    : "new data is no longer encrypted as before";
  return lost(fromTo(pair), effect);
}
