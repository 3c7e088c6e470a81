import type { ResourceChange } from "../../tools/diff/plan.ts";
import { document, endpoint, inWords, plan, update } from "../support/plan-changes.ts";

const created = (type: string, after: object, address = `${type}.new`): ResourceChange => ({
  address,
  type,
  change: { actions: ["create"], before: null, after },
});
const unchanged: ResourceChange = { address: "a.x", type: "a", change: { actions: ["no-op"], before: {}, after: {} } };
const lifecycle = (days: number, rest = {}) => ({
  rule: [{ id: "expire", status: "Enabled", filter: [{ prefix: "" }], expiration: [{ days }], ...rest }],
});
const rule = (verbs: string[], resources: string[], rest = {}) => ({ api_groups: [""], resources, verbs, ...rest });
const scope = (type: string, namespaces: string[] = []) => ({ access_scope: [{ type, namespaces }] });

describe("a change in place warns of", () => {
  test.each<[string, object, object, string]>([
    [
      "aws_eks_cluster",
      endpoint(["10.0.0.0/8"]),
      endpoint(["10.0.0.0/8", "0.0.0.0/0"]),
      "loud: ADMITS MORE, vpc_config[0].public_access_cidrs newly admits 0.0.0.0/0",
    ],
    [
      "aws_eks_cluster",
      endpoint(["10.0.0.0/8"]),
      endpoint([]),
      "loud: ADMITS MORE, vpc_config[0].public_access_cidrs newly admits 0.0.0.0/0, ::/0",
    ],
    [
      "aws_lb_x",
      { cidr_blocks: ["::1/128"] },
      { cidr_blocks: ["::/0"] },
      "loud: ADMITS MORE, cidr_blocks newly admits ::/0",
    ],
    [
      "kubernetes_ingress_v1",
      { metadata: [{ annotations: { "alb.ingress.kubernetes.io/inbound-cidrs": "10.0.0.0/8" } }] },
      { metadata: [{ annotations: { "alb.ingress.kubernetes.io/inbound-cidrs": "10.0.0.0/8, 0.0.0.0/0" } }] },
      "loud: ADMITS MORE, metadata[0].annotations.alb.ingress.kubernetes.io/inbound-cidrs newly admits 0.0.0.0/0",
    ],
    [
      "aws_security_group",
      { ingress: [] },
      { ingress: [{ protocol: "-1", cidr_blocks: ["0.0.0.0/0"] }] },
      "loud: ADMITS MORE, it newly admits from 0.0.0.0/0 by any protocol",
    ],
    [
      "aws_eks_cluster",
      { vpc_config: [{ endpoint_public_access: false }] },
      { vpc_config: [{ endpoint_public_access: true }] },
      "loud: LOSES A PROTECTION, vpc_config[0].endpoint_public_access: false -> true",
    ],
    [
      "aws_s3_bucket",
      { force_destroy: false },
      { force_destroy: true },
      "loud: LOSES A PROTECTION, force_destroy: false -> true",
    ],
    [
      "aws_ecr_repository",
      { force_delete: null },
      { force_delete: true },
      "loud: LOSES A PROTECTION, force_delete: null -> true",
    ],
    [
      "aws_db_instance",
      { deletion_protection: true },
      { deletion_protection: false },
      "loud: LOSES A PROTECTION, deletion_protection: true -> false",
    ],
    [
      "aws_s3_bucket_public_access_block",
      { block_public_policy: true },
      { block_public_policy: false },
      "loud: LOSES A PROTECTION, block_public_policy: true -> false",
    ],
    [
      "aws_s3_bucket_versioning",
      { versioning_configuration: [{ status: "Enabled" }] },
      { versioning_configuration: [{ status: "Suspended" }] },
      'loud: LOSES A PROTECTION, versioning_configuration[0].status: "Enabled" -> "Suspended"',
    ],
    [
      "aws_sqs_queue",
      { sqs_managed_sse_enabled: true },
      { sqs_managed_sse_enabled: false },
      "loud: LOSES A PROTECTION, sqs_managed_sse_enabled: true -> false",
    ],
    [
      "aws_eks_cluster",
      { encryption_config: [{ resources: ["secrets"] }] },
      { encryption_config: [] },
      'loud: LOSES A PROTECTION, encryption_config: [{"resources":["secrets"]}] -> []',
    ],
    [
      "aws_cloudwatch_log_group",
      { kms_key_id: "k" },
      { kms_key_id: null },
      'loud: LOSES A PROTECTION, kms_key_id: "k" -> null',
    ],
    [
      "aws_launch_template",
      { metadata_options: [{ http_tokens: "required" }] },
      { metadata_options: [{ http_tokens: "optional" }] },
      'loud: LOSES A PROTECTION, metadata_options[0].http_tokens: "required" -> "optional"',
    ],
    [
      "kubernetes_namespace_v1",
      { metadata: [{ labels: { "pod-security.kubernetes.io/enforce": "restricted" } }] },
      { metadata: [{ labels: {} }] },
      'loud: LOSES A PROTECTION, metadata[0].labels.pod-security.kubernetes.io/enforce: "restricted" -> null',
    ],
    [
      "aws_iam_role",
      { assume_role_policy: document("sts:AssumeRole") },
      { assume_role_policy: document("sts:*") },
      "loud: PERMITS MORE, assume_role_policy: it now allows sts:* on *",
    ],
    [
      "aws_kms_key",
      { policy: document("kms:Decrypt") },
      { policy: document("kms:*") },
      "loud: PERMITS MORE, policy: it now allows kms:* on *",
    ],
    [
      "aws_iam_role",
      { permissions_boundary: "arn:b" },
      { permissions_boundary: null },
      'loud: PERMITS MORE, permissions_boundary: "arn:b" -> null',
    ],
    [
      "kubernetes_cluster_role_v1",
      { rule: [rule(["get"], ["pods"])] },
      { rule: [rule(["get"], ["pods", "secrets"])] },
      "loud: PERMITS MORE, it now allows get secrets",
    ],
    [
      "kubernetes_role_v1",
      { rule: [rule(["get"], ["secrets"], { resource_names: ["a"] })] },
      { rule: [rule(["get"], ["secrets"])] },
      "loud: PERMITS MORE, it now allows get secrets",
    ],
    [
      "helm_release",
      { values: [JSON.stringify({ objects: [{ name: "r", rules: [rule(["get"], ["pods"])] }] })] },
      { values: [JSON.stringify({ objects: [{ name: "r", rules: [rule(["*"], ["pods"])] }] })] },
      "loud: PERMITS MORE, it now allows * pods",
    ],
    [
      "kubernetes_role_binding_v1",
      { subject: [{ name: "a" }] },
      { subject: [{ name: "a" }, { name: "b" }] },
      'loud: PERMITS MORE, subject gets {"name":"b"}',
    ],
    [
      "aws_eks_access_entry",
      { kubernetes_groups: [] },
      { kubernetes_groups: ["admins"] },
      'loud: PERMITS MORE, kubernetes_groups gets "admins"',
    ],
    [
      "aws_eks_access_policy_association",
      scope("namespace", ["a"]),
      scope("cluster"),
      'loud: PERMITS MORE, access_scope gets {"type":"cluster","namespaces":[]}',
    ],
    [
      "aws_cloudwatch_log_group",
      { retention_in_days: 0 },
      { retention_in_days: 30 },
      "loud: DELETES EARLIER, retention_in_days: 0 -> 30",
    ],
    [
      "aws_s3_bucket_lifecycle_configuration",
      lifecycle(90),
      lifecycle(30),
      'loud: DELETES EARLIER, rule: "expire" is new or stricter',
    ],
    [
      "aws_s3_bucket_lifecycle_configuration",
      { rule: [] },
      lifecycle(90),
      'loud: DELETES EARLIER, rule: "expire" is new or stricter',
    ],
    [
      "aws_s3_bucket_lifecycle_configuration",
      lifecycle(90, { filter: [{ prefix: "tmp/" }] }),
      lifecycle(90),
      'loud: DELETES EARLIER, rule: "expire" is new or stricter',
    ],
    [
      "aws_s3_bucket_lifecycle_configuration",
      lifecycle(9, { status: "Disabled" }),
      lifecycle(90),
      'loud: DELETES EARLIER, rule: "expire" is new or stricter',
    ],
    [
      "helm_release",
      { values: [JSON.stringify({ ingressClassParams: { spec: { scheme: "internal" } } })] },
      { values: [JSON.stringify({ ingressClassParams: { spec: { scheme: "internet-facing" } } })] },
      'loud: LOSES A PROTECTION, values[0].ingressClassParams.spec.scheme: "internal" -> "internet-facing"',
    ],
    [
      "kubernetes_ingress_v1",
      { metadata: [{ annotations: {} }] },
      { metadata: [{ annotations: { "alb.ingress.kubernetes.io/scheme": "internet-facing" } }] },
      'loud: LOSES A PROTECTION, metadata[0].annotations.alb.ingress.kubernetes.io/scheme: null -> "internet-facing"',
    ],
    [
      "aws_s3_bucket_acl",
      { acl: null },
      { acl: "public-read" },
      'loud: LOSES A PROTECTION, acl: null -> "public-read"',
    ],
    [
      "aws_security_group",
      { ingress: [{ protocol: "icmp", from_port: 3, to_port: 5, cidr_blocks: ["10.0.0.0/8"] }] },
      { ingress: [{ protocol: "icmp", from_port: 4, to_port: 5, cidr_blocks: ["10.0.0.0/8"] }] },
      "loud: ADMITS MORE, it newly admits from 10.0.0.0/8 by icmp 4-5",
    ],
    [
      "kubernetes_network_policy_v1",
      { spec: [{ ingress: [] }] },
      { spec: [{ ingress: [{}] }] },
      "notice: may ADMIT MORE, spec changes",
    ],
  ])("%s %j -> %j", (type, before, after, expected) => {
    expect(update(type, before, after)).toEqual([expected]);
  });

  test.each<[string, object, object]>([
    ["aws_eks_cluster", endpoint(["10.0.0.0/8", "192.0.2.0/24"]), endpoint(["192.0.2.0/24", "10.1.0.0/16"])],
    ["aws_vpc", { cidr_block: "10.0.0.0/16" }, { cidr_block: "10.0.0.0/8" }],
    ["aws_s3_bucket", { force_destroy: true }, { force_destroy: false }],
    ["aws_s3_bucket", { tags: { a: "b" } }, { tags: { a: "c" } }],
    ["aws_iam_role", { assume_role_policy: document("sts:*") }, { assume_role_policy: document("sts:AssumeRole") }],
    [
      "kubernetes_cluster_role_v1",
      { rule: [rule(["get", "list"], ["pods"])] },
      { rule: [rule(["list"], ["pods"]), rule(["get"], ["pods"])] },
    ],
    [
      "kubernetes_cluster_role_v1",
      { rule: [rule(["*"], ["*"])] },
      { rule: [rule(["get"], ["pods"], { resource_names: ["a"] })] },
    ],
    ["aws_eks_access_policy_association", scope("cluster"), scope("namespace", ["a"])],
    ["aws_cloudwatch_log_group", { retention_in_days: 30 }, { retention_in_days: 0 }],
    ["aws_s3_bucket_lifecycle_configuration", lifecycle(30), lifecycle(90)],
    ["aws_s3_bucket_lifecycle_configuration", lifecycle(30), { rule: [] }],
    ["aws_s3_bucket_lifecycle_configuration", lifecycle(30), lifecycle(30, { status: "Disabled" })],
    ["aws_s3_bucket_acl", { acl: "public-read" }, { acl: null }],
    [
      "aws_security_group",
      { ingress: [{ protocol: "icmp", from_port: -1, to_port: -1, cidr_blocks: ["10.0.0.0/8"] }] },
      { ingress: [{ protocol: "icmp", from_port: 8, to_port: 0, cidr_blocks: ["10.0.0.0/8"] }] },
    ],
    ["aws_eks_node_group", { scaling_config: [{ min_size: 2 }] }, { scaling_config: [{ min_size: 0 }] }],
    [
      "kubernetes_namespace_v1",
      { metadata: [{ labels: { "pod-security.kubernetes.io/enforce": "baseline" } }] },
      { metadata: [{ labels: { "pod-security.kubernetes.io/enforce": "restricted" } }] },
    ],
  ])("nothing for %s %j -> %j", (type, before, after) => {
    expect(update(type, before, after)).toEqual([]);
  });
});

test("a restart of pods hides no rights that they get with it", () => {
  const container = (run_as_non_root: boolean) => ({ security_context: [{ run_as_non_root }] });
  const deployment = (run_as_non_root: boolean) => ({
    spec: [{ template: [{ spec: [{ container: [container(run_as_non_root)] }] }] }],
  });
  const path = "spec[0].template[0].spec[0].container[0].security_context[0].run_as_non_root";
  expect(update("kubernetes_deployment_v1", deployment(true), deployment(false))).toEqual([
    `notice: changes, ${path} changes`,
    `loud: LOSES A PROTECTION, ${path}: true -> false`,
  ]);
});

describe("a new resource that gives something to one that exists", () => {
  const ports = { ip_protocol: "tcp", from_port: 443, to_port: 443 };
  const rule443 = { security_group_id: "sg-1", cidr_ipv4: "0.0.0.0/0", ...ports };

  test("warns", () => {
    expect(inWords(plan([unchanged, created("aws_vpc_security_group_ingress_rule", rule443)]))).toEqual([
      'loud: ADMITS MORE, it is new in the code, for the security_group_id "sg-1", which exists already; it admits from 0.0.0.0/0 by tcp 443',
    ]);
    const open = created("aws_security_group_rule", { security_group_id: "sg-1", type: "ingress" });
    const unknown = { ...open.change, after_unknown: { source_security_group_id: true } };
    expect(inWords(plan([unchanged, { ...open, change: unknown }]))).toEqual([
      'loud: ADMITS MORE, it is new in the code, for the security_group_id "sg-1", which exists already',
    ]);
    expect(inWords(plan([unchanged, created("aws_iam_role_policy", { role: "node" })]))).toHaveLength(1);
    expect(
      inWords(plan([unchanged, created("aws_s3_bucket_lifecycle_configuration", { bucket: "b", ...lifecycle(9) })])),
    ).toEqual(['loud: DELETES EARLIER, it is new in the code, for the bucket "b", which exists already']);
    expect(inWords(plan([unchanged, created("kubernetes_cluster_role_binding_v1", {})]))).toHaveLength(1);
  });

  test("does not warn beside the new one, in a first deploy, or if only the deploy knows the other", () => {
    const role = created("aws_iam_role", { name: "node" });
    expect(inWords(plan([unchanged, role, created("aws_iam_role_policy", { role: "node" })]))).toEqual([]);
    expect(inWords(plan([created("aws_iam_role_policy", { role: "other" })]))).toEqual([]);
    expect(inWords(plan([unchanged, created("aws_iam_role_policy", {})]))).toEqual([]);
  });
});
