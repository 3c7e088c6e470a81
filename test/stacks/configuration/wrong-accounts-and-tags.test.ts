import { each, messagesWith, numbered, type Place, passed, type WrongValue } from "../../support/wrong-environments.ts";

// What AWS's API reference, its user guides and the Terraform provider say of each field.
const wrong: readonly WrongValue[] = [
  ...each("name", [
    "",
    "Dev",
    "dev_1",
    "1dev",
    "dev-",
    "-dev",
    "d".repeat(17),
    "dev.eu",
    "xn--a",
    "sthree",
    "amzn-s3-demo",
    "sg",
  ]),
  ...each("accountId", [
    "",
    "000000000000",
    "11112222333",
    "1111222233334",
    "1111-2222-3333",
    "１１１１２２２２３３３３",
    " 111122223333",
  ]),
  ...each("results.expirationInDays", [0, -1, 0.5, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, "90"]),
  ...each("budget", [{ limitUsdPerMonth: 500, notifyEmails: [] }], "budget.notifyEmails"),
  ...each(
    "budget",
    [{ limitUsdPerMonth: 500, notifyEmails: numbered(11, (index) => `a${index}@example.com`) }],
    "budget.notifyEmails",
  ),
  ...[0, -1, -0, 0.001, 0.015, 1e21, 1e-7, Number.NaN, Number.POSITIVE_INFINITY, "500", 5n].map(
    (limitUsdPerMonth): WrongValue => [
      "budget",
      { limitUsdPerMonth, notifyEmails: ["a@example.com"] },
      "budget.limitUsdPerMonth",
    ],
  ),
  ...[
    "team",
    "@example.com",
    "a@",
    "a@b",
    "a b@example.com",
    "a@example..com",
    "a@example.com,b@example.com",
    "a@@example.com",
  ].map(
    (email): WrongValue => ["budget", { limitUsdPerMonth: 5, notifyEmails: [email] }, ["budget", "notifyEmails", 0]],
  ),
  ...[
    `${"a".repeat(65)}@example.com`,
    `a@${"b".repeat(250)}.com`,
    "a@-.com",
    "<a@example.com>",
    "mailto:a@example.com",
    "",
  ].map(
    (email): WrongValue => ["budget", { limitUsdPerMonth: 5, notifyEmails: [email] }, ["budget", "notifyEmails", 0]],
  ),
  ["budget", { limitUsdPerMonth: 5, notifyEmails: ["a@example.com", "A@example.com"] }, ["budget", "notifyEmails", 1]],
  // Tags: IAM ignores the case of keys.
  ...[
    "environment",
    "ENVIRONMENT",
    "Environment",
    "name",
    "Name",
    "aws:owner",
    "AWS:owner",
    "",
    "a&b",
    "k".repeat(129),
    "a\tb",
  ].map((key): WrongValue => ["tags", { [key]: "x" }, ["tags", key]]),
  ...[
    "kubernetes.io/cluster/dev",
    "k8s.io/cluster-autoscaler/enabled",
    "eks:cluster-name",
    "ebs.csi.aws.com/cluster",
    "KubernetesCluster",
  ].map((key): WrongValue => ["tags", { [key]: "x" }, ["tags", key]]),
  ["tags", { CostCenter: "a", costcenter: "b" }, "tags.costcenter"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
  ...each("tags.owner", ["a & b", "v".repeat(257), "aws:owner", "${var.a}", "a\nb", "\ud800", "a\0b", 5, null]),
  ["tags", Object.fromEntries(numbered(44, (index) => `tag-${index}`).map((key) => [key, "x"]))],
  // Buckets.
  ...[
    "My-State",
    "ab",
    "a".repeat(64),
    "a..b",
    "a.-b",
    "a-.b",
    "192.168.0.1",
    "xn--state",
    "sthree-state",
    "amzn-s3-demo-state",
    "a_b",
  ].map((bucket): WrongValue => ["s3State", { bucket, region: "us-west-2" }, "s3State.bucket"]),
  ...[
    "state-s3alias",
    "state--ol-s3",
    "state.mrap",
    "state--x-s3",
    "-state",
    "state-",
    "s3://state",
    "state/path",
    "",
  ].map((bucket): WrongValue => ["s3State", { bucket, region: "us-west-2" }, "s3State.bucket"]),
  ...["us-west", "us-west-9", "", "eu-west-1a", "us-gov-west-1", "cn-north-1"].map(
    (region): WrongValue => ["s3State", { bucket: "my-state", region }, "s3State.region"],
  ),
];

test(`synthesis refuses ${wrong.length} values of accounts, budgets, tags and buckets that AWS would refuse`, () => {
  expect(wrong.length).toBeGreaterThan(90);
  expect(passed(wrong)).toEqual([]);
});

test("what only resembles these is accepted", () => {
  const right: readonly (readonly [Place, unknown])[] = [
    ["name", "sg1"],
    ["results.expirationInDays", 2 ** 31 - 1],
    ["budget", { limitUsdPerMonth: 0.01, notifyEmails: ["first.last+aws@sub.example.co.uk"] }],
    ["tags", Object.fromEntries(numbered(43, (index) => `tag-${index}`).map((key) => [key, ""]))],
    ["tags", { environments: "a", "my-name": "b", constructor: "c", toString: "d" }],
    ["s3State", { bucket: "my.terraform.state", region: "eu-west-1" }],
  ];
  for (const change of right) expect([change[0], messagesWith(change)]).toEqual([change[0], []]);
});
