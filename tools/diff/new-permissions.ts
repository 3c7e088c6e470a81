import { isPolicyDocument, widenedPermissions } from "./iam-documents.ts";
import { type Loosened, trafficInWords } from "./loosened.ts";
import { type Attributes, actionOf, attributesOf, type Plan, type ResourceChange } from "./plan.ts";
import { pathText } from "./values.ts";

/** A type whose new resource gives something to another one, by the attributes that name the other. */
interface Addition {
  readonly to: readonly string[];
  readonly happens: "ADMITS MORE" | "PERMITS MORE" | "DELETES EARLIER";
}

const permits = (...to: readonly string[]): Addition => ({ to, happens: "PERMITS MORE" });
const admits = (...to: readonly string[]): Addition => ({ to, happens: "ADMITS MORE" });
const deletes = (...to: readonly string[]): Addition => ({ to, happens: "DELETES EARLIER" });

const additions: Readonly<Record<string, Addition>> = {
  aws_security_group_rule: admits("security_group_id"),
  aws_vpc_security_group_ingress_rule: admits("security_group_id"),
  aws_vpc_security_group_egress_rule: admits("security_group_id"),
  aws_network_acl_rule: admits("network_acl_id"),
  aws_iam_role_policy: permits("role"),
  aws_iam_role_policy_attachment: permits("role"),
  aws_iam_user_policy: permits("user"),
  aws_iam_user_policy_attachment: permits("user"),
  aws_iam_group_policy: permits("group"),
  aws_iam_group_policy_attachment: permits("group"),
  aws_iam_policy_attachment: permits("policy_arn"),
  aws_iam_access_key: permits("user"),
  aws_s3_bucket_policy: permits("bucket"),
  aws_s3_bucket_acl: permits("bucket"),
  aws_sqs_queue_policy: permits("queue_url"),
  aws_kms_key_policy: permits("key_id"),
  aws_kms_grant: permits("key_id"),
  aws_ecr_repository_policy: permits("repository"),
  aws_secretsmanager_secret_policy: permits("secret_arn"),
  aws_lambda_permission: permits("function_name"),
  aws_eks_access_entry: permits("cluster_name"),
  aws_eks_access_policy_association: permits("cluster_name"),
  kubernetes_role_binding: permits("namespace"),
  kubernetes_role_binding_v1: permits("namespace"),
  kubernetes_cluster_role_binding: permits(),
  kubernetes_cluster_role_binding_v1: permits(),
  aws_s3_bucket_lifecycle_configuration: deletes("bucket"),
  aws_ecr_lifecycle_policy: deletes("repository"),
};

const effects = {
  "ADMITS MORE": "traffic passes that was refused before",
  "PERMITS MORE": "somebody may do something that was refused before",
  "DELETES EARLIER": "its rules delete objects or images that are there already, and nobody can restore them",
} as const;

/**
 * Whether a new resource opens or deletes something that exists. A first deploy opens nothing: whatever it gives access to is new, too.
 * @returns a function, because a plan's new resources are looked at only once.
 */
export function newPermissionsOf({ resource_changes = [] }: Plan): (resource: ResourceChange) => Loosened | undefined {
  const created = resource_changes.filter(({ mode, change }) => mode !== "data" && actionOf(change) === "create");
  const isFirst = resource_changes.every(({ mode, change }) => mode === "data" || actionOf(change) === "create");
  const names = new Set(created.flatMap(namesOf));
  return ({ type, change }) => {
    const addition = Object.hasOwn(additions, type) ? additions[type] : undefined;
    if (addition === undefined || isFirst) return undefined;
    const after = attributesOf(change.after);
    const metadata = Array.isArray(after.metadata) ? after.metadata[0] : undefined;
    const given = addition.to.map((name) => [name, after[name] ?? metadata?.[name]] as const);
    // A name that only the deploy knows is that of a new resource.
    if (given.some(([, value]) => value === undefined || value === null || names.has(String(value)))) return undefined;
    if (isPolicyDocument(after.policy) && widenedPermissions(undefined, after.policy) === undefined) return undefined;
    if (addition.happens === "DELETES EARLIER" && !deletesAnything(after)) return undefined;
    if (type === "aws_network_acl_rule" && after.rule_action === "deny") return undefined;
    // The provider leaves many an attribute open that the code does not set, which says nothing of the traffic.
    const traffic = trafficInWords(type, { ...change, after_unknown: {} }) ?? "";
    const to = given.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ");
    const because = `it is new in the code${to === "" ? "" : `, for the ${to}, which exists already`}${traffic === "" ? "" : `; it admits ${traffic}`}`;
    return {
      severity: "loud",
      happens: addition.happens,
      because,
      effect: effects[addition.happens],
      path: pathText([]),
    };
  };
}

/** Whether a lifecycle has a rule that deletes: that of ECR is JSON in a text. */
function deletesAnything(lifecycle: Attributes): boolean {
  return /expiration":\[\{|\\"expire\\"/.test(JSON.stringify(lifecycle));
}

/** The names that a new resource gives itself. The `bucket` of another type is a bucket that it belongs to. */
function namesOf({ type, change }: ResourceChange): string[] {
  const { name, id, bucket, arn, metadata } = attributesOf(change.after);
  const own = Array.isArray(metadata) ? metadata[0]?.name : undefined;
  return [name, id, type === "aws_s3_bucket" ? bucket : undefined, arn, own].filter(
    (value) => typeof value === "string",
  );
}
