import type { Change, Plan, ResourceChange } from "../../tools/diff/plan.ts";
import { warningsOf } from "../../tools/diff/summary.ts";

const saidOf = (...resource_changes: ResourceChange[]) => {
  const plan: Plan = { format_version: "1.2", resource_changes };
  return warningsOf("dev", plan).map(({ happens, because }) => `${happens}, ${because}`);
};
const update = (type: string, before: object, after: object, rest: Partial<Change> = {}) =>
  saidOf({ address: `${type}.x`, type, change: { actions: ["update"], before, after, ...rest } });
const document = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (...Action: string[]) => ({ Effect: "Allow", Action, Resource: "*" });
const deny = (...Action: string[]) => ({ Effect: "Deny", Action, Resource: "*", Principal: "*" });
const entries = (...cidrs: string[]) => ({ entry: cidrs.map((cidr) => ({ cidr, description: "" })) });
const inline = (...Action: string[]) => ({ inline_policy: [{ name: "p", policy: document(allow(...Action)) }] });
const rule = (rest = {}) => ({
  id: "e",
  status: "Enabled",
  filter: [{ prefix: "" }],
  expiration: [{ days: 9 }],
  ...rest,
});
const lifecycle = (...rules: object[]) => ({ rule: rules });
const aborted = (days_after_initiation: number) => ({ abort_incomplete_multipart_upload: [{ days_after_initiation }] });

test.each<[string, string, object, object]>([
  ["an entry less", "aws_ec2_managed_prefix_list", entries("10.0.0.0/8", "192.0.2.0/24"), entries("10.0.0.0/8")],
  ["less in an inline policy", "aws_iam_role", inline("s3:Get*", "s3:Put*"), inline("s3:Get*")],
  [
    "another ID of a lifecycle rule",
    "aws_s3_bucket_lifecycle_configuration",
    lifecycle(rule()),
    lifecycle(rule({ id: "f" })),
  ],
  [
    "uploads that are aborted earlier",
    "aws_s3_bucket_lifecycle_configuration",
    lifecycle(rule(aborted(7))),
    lifecycle(rule(aborted(1))),
  ],
])("%s is no warning: %s", (_, type, before, after) => {
  expect(update(type, before, after)).toEqual([]);
});

test("more in an inline policy is one warning, whether it is known or not", () => {
  expect(update("aws_iam_role", inline("s3:Get*"), inline("s3:*"))).toEqual([
    "PERMITS MORE, inline_policy[0].policy: it now allows s3:* on *",
  ]);
  expect(update("aws_iam_role", { inline_policy: [] }, inline("s3:*"))).toEqual([
    "PERMITS MORE, inline_policy[0].policy: it now allows s3:* on *",
  ]);
  const unknown = { after_unknown: { inline_policy: [{ policy: true }] } };
  expect(update("aws_iam_role", { inline_policy: [] }, { inline_policy: [{ name: "p" }] }, unknown)).toEqual([
    "may PERMIT MORE, inline_policy: [] -> (known after apply)",
  ]);
});

test("a policy that is no policy of IAM permits nothing, also if it is known after the deploy", () => {
  const before = { redrive_policy: '{"maxReceiveCount":3}', policy: "" };
  expect(update("aws_sqs_queue", before, { policy: "" }, { after_unknown: { redrive_policy: true } })).toEqual([]);
  expect(update("aws_sqs_queue", before, before, { after_unknown: { policy: true } })).toEqual([
    "may PERMIT MORE, policy changes, and its new document is known only after the deploy",
  ]);
});

test("the addresses of an endpoint's service are no admission", () => {
  const change = { actions: ["delete", "create"], before: {}, after: {}, after_unknown: { cidr_blocks: true } };
  expect(saidOf({ address: "aws_vpc_endpoint.x", type: "aws_vpc_endpoint", change })).toEqual([
    "is REPLACED, Terraform names no reason",
  ]);
});

test("a new policy that only denies permits nothing", () => {
  const type = "aws_s3_bucket_policy";
  const old = { address: "a.x", type: "a", change: { actions: ["no-op"], before: {}, after: {} } };
  const added = (policy: string | undefined, after_unknown = {}) =>
    saidOf(old, {
      address: `${type}.x`,
      type,
      change: { actions: ["create"], before: null, after: { bucket: "b", policy }, after_unknown },
    });
  const warning = 'PERMITS MORE, it is new in the code, for the bucket "b", which exists already';
  expect(added(document(deny("s3:*")))).toEqual([]);
  expect(added(document(deny("s3:*"), allow("s3:Get*")))).toEqual([warning]);
  expect(added(undefined, { policy: true })).toEqual([warning]);
});

test("an access policy in fewer namespaces permits no more", () => {
  const scope = (...namespaces: string[]) => ({ access_scope: [{ type: "namespace", namespaces }] });
  const type = "aws_eks_access_policy_association";
  expect(update(type, scope("a", "b"), scope("b"))).toEqual([]);
  expect(update(type, scope("a"), scope("a", "b"))).toEqual([
    'PERMITS MORE, access_scope gets {"type":"namespace","namespaces":["a","b"]}',
  ]);
});

test("a replacement gets what the provider gives to every new resource, which is no warning unless the code sets it", () => {
  const type = "aws_eks_access_entry";
  const change = {
    actions: ["delete", "create"],
    before: { principal_arn: "a", kubernetes_groups: [] },
    after: { principal_arn: "b" },
    after_unknown: { kubernetes_groups: true },
    replace_paths: [["principal_arn"]],
  };
  const said = (expressions: object) => {
    const resource_changes = [{ address: `${type}.x["a"]`, type, change }];
    const resources = [{ address: `${type}.x`, expressions: { principal_arn: {}, ...expressions } }];
    const plan = { format_version: "1.2", resource_changes, configuration: { root_module: { resources } } };
    return warningsOf("dev", plan).map(({ happens, because }) => `${happens}, ${because}`);
  };
  const replaced = 'is REPLACED, principal_arn: "a" -> "b"';
  expect(said({})).toEqual([replaced]);
  expect(said({ kubernetes_groups: {} })).toEqual([
    replaced,
    "may PERMIT MORE, kubernetes_groups: [] -> (known after apply)",
  ]);
});
