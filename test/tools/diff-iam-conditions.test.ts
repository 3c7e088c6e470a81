import { widenedPermissions } from "../../tools/diff/iam-documents.ts";
import { warningsOf } from "../../tools/diff/summary.ts";

const document = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Condition?: object, Action = "a:b") => ({
  Effect: "Allow",
  Action,
  Resource: "*",
  ...(Condition && { Condition }),
});
const deny = (Condition?: object) => ({ ...allow(Condition), Effect: "Deny" });
const account = (...values: string[]) => ({ StringEquals: { "aws:SourceAccount": values } });
const encrypted = { Bool: { "aws:SecureTransport": "true" } };
const many = Array.from({ length: 9 }, (_, index) => `value-${index}`);

test.each<[string, object[], object[], string]>([
  [
    "is gone",
    [allow(account("1"))],
    [allow()],
    'it now allows a:b on * without the condition StringEquals aws:sourceaccount "1"',
  ],
  [
    "is gone, of two",
    [allow({ ...account("1"), ...encrypted })],
    [allow(account("1"))],
    'it now allows a:b on * without the condition Bool aws:securetransport "true"',
  ],
  [
    "is gone, as is another",
    [allow({ ...account("1", "2"), ...encrypted })],
    [allow()],
    'it now allows a:b on * without the conditions StringEquals aws:sourceaccount "1", "2" and Bool aws:securetransport "true"',
  ],
  [
    "has a further value",
    [allow(account("1"))],
    [allow(account("1", "2"))],
    'it now allows a:b on * under the condition StringEquals aws:sourceaccount "1", "2", in place of StringEquals aws:sourceaccount "1"',
  ],
  [
    "has another operator",
    [allow(account("1"))],
    [allow({ StringEqualsIfExists: { "aws:SourceAccount": "1" } })],
    'it now allows a:b on * under the condition StringEqualsIfExists aws:sourceaccount "1", in place of StringEquals aws:sourceaccount "1"',
  ],
  [
    "is gone from the statement that is closest",
    [allow({ ...account("1"), ...encrypted }), allow(encrypted)],
    [allow()],
    'it now allows a:b on * without the condition Bool aws:securetransport "true"',
  ],
  [
    "belongs to a new statement",
    [allow()],
    [allow(), allow(account("1"), "a:c")],
    'it now allows a:c on * under the condition StringEquals aws:sourceaccount "1"',
  ],
  [
    "limits a denial that had none",
    [allow(), deny()],
    [allow(), deny(encrypted)],
    'it no longer denies a:b on *, except under the condition Bool aws:securetransport "true"',
  ],
  [
    "limits a denial in another way",
    [allow(), deny(account("1"))],
    [allow(), deny(account("2"))],
    'it no longer denies a:b on * under the condition StringEquals aws:sourceaccount "1", except under the condition StringEquals aws:sourceaccount "2"',
  ],
  [
    "belongs to a denial that is gone",
    [allow(), deny(encrypted)],
    [allow()],
    'it no longer denies a:b on * under the condition Bool aws:securetransport "true"',
  ],
  [
    "has many values",
    [allow({ StringLike: { "aws:TagKeys": many } })],
    [allow()],
    'it now allows a:b on * without the condition StringLike aws:tagkeys "value-0", "value-1", "value-2" and 6 more',
  ],
])("a condition that %s is named", (_, before, after, said) => {
  expect(widenedPermissions(document(...before), document(...after))).toBe(said);
});

test("a condition of a sensitive document is not shown", () => {
  const change = {
    actions: ["update"],
    before: { policy: document(allow(account("111111111111"))) },
    after: { policy: document(allow()) },
    before_sensitive: { policy: true },
    after_sensitive: {},
  };
  const resource_changes = [{ address: "aws_iam_policy.x", type: "aws_iam_policy", change }];
  const said = warningsOf("dev", { format_version: "1.2", resource_changes }).map(({ because }) => because);
  expect(said).toEqual(["policy changes, and is sensitive"]);
});
