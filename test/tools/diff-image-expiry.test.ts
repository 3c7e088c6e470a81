import { warningsOf } from "../../tools/diff/summary.ts";
import { plan, update as updateOf } from "../support/plan-changes.ts";

const type = "aws_ecr_lifecycle_policy";
const update = (before: string, after: string | undefined, rest: object = {}) =>
  updateOf(type, { policy: before }, { policy: after }, rest);

const policy = (...rules: object[]) => JSON.stringify({ rules });
const rule = (rulePriority: number, selection: object, type = "expire", description = "") => ({
  rulePriority,
  description,
  selection,
  action: { type },
});
const untagged = (countNumber: number) => ({
  tagStatus: "untagged",
  countType: "sinceImagePushed",
  countUnit: "days",
  countNumber,
});
const newest = (countNumber: number, ...tagPatternList: string[]) => ({
  tagStatus: "tagged",
  tagPatternList,
  countType: "imageCountMoreThan",
  countNumber,
});
const prefixed = (...tagPrefixList: string[]) => ({ ...newest(5), tagPatternList: undefined, tagPrefixList });
const any = (countNumber: number) => ({ ...untagged(countNumber), tagStatus: "any" });
const archived = { ...untagged(30), storageClass: "archive", countType: "sinceImageTransitioned" };

describe("images are deleted earlier by", () => {
  test.each<[string, string, string, string]>([
    [
      "fewer days",
      policy(rule(1, untagged(7))),
      policy(rule(1, untagged(1))),
      "rule 1 keeps untagged images for 1 day",
    ],
    [
      "fewer images",
      policy(rule(1, untagged(7)), rule(2, newest(1000, "*"))),
      policy(rule(1, untagged(7)), rule(2, newest(10, "*"))),
      "rule 2 keeps the 10 newest images tagged *",
    ],
    [
      "a new rule",
      policy(rule(1, untagged(7))),
      policy(rule(1, untagged(7)), rule(2, any(90))),
      "rule 2 keeps images for 90 days",
    ],
    [
      "a rule of other tags",
      policy(rule(1, newest(5, "v*"))),
      policy(rule(1, newest(5, "v1*"))),
      "rule 1 keeps the 5 newest images tagged v1*",
    ],
    [
      "a rule that archived them",
      policy(rule(1, untagged(7), "transition")),
      policy(rule(1, untagged(7))),
      "rule 1 keeps untagged images for 7 days",
    ],
    [
      "another count",
      policy(rule(1, untagged(7))),
      policy(rule(1, { ...untagged(7), countType: "sinceImagePulled" })),
      "rule 1 keeps untagged images for 7 days since their last pull",
    ],
    [
      "no rule that kept some of them longer",
      policy(rule(1, newest(100, "prod*")), rule(2, any(30))),
      policy(rule(2, any(30))),
      "rule 2 keeps images for 30 days, also those that rule 1 kept",
    ],
    [
      "a rule that comes before one that kept some of them longer",
      policy(rule(1, newest(100, "prod*")), rule(2, any(30))),
      policy(rule(3, newest(100, "prod*")), rule(2, any(30))),
      "rule 2 keeps images for 30 days, also those that rule 1 kept",
    ],
    [
      "no rule that kept a number of them, which says nothing of their age",
      policy(rule(1, newest(5, "prod*")), rule(2, { ...any(9), countType: "imageCountMoreThan" })),
      policy(rule(2, { ...any(9), countType: "imageCountMoreThan" })),
      "rule 2 keeps the 9 newest images, also those that rule 1 kept",
    ],
    [
      "a rule of another storage class",
      policy(rule(1, untagged(7))),
      policy(rule(1, { ...untagged(7), storageClass: "archive" })),
      "rule 1 keeps untagged images of the storage class archive for 7 days",
    ],
    [
      "another prefix of tags",
      policy(rule(1, prefixed("dev"))),
      policy(rule(1, prefixed("prod"))),
      "rule 1 keeps the 5 newest images tagged prod*",
    ],
    [
      "several rules",
      policy(),
      policy(rule(1, untagged(1)), rule(2, newest(1, "a", "b"))),
      "rule 1 keeps untagged images for 1 day; rule 2 keeps the 1 newest image tagged a, b",
    ],
    [
      "archived images that are kept less long",
      policy(rule(1, archived)),
      policy(rule(1, { ...archived, countNumber: 20 })),
      "rule 1 keeps untagged images of the storage class archive for 20 days since their transition",
    ],
  ])("%s", (_, before, after, said) => {
    expect(update(before, after)).toEqual([`loud: DELETES EARLIER, policy: ${said}`]);
  });

  test("a policy that nobody can read, or that is known after the deploy", () => {
    expect(update(policy(), "no JSON")).toEqual(["loud: may DELETE EARLIER, policy cannot be compared"]);
    expect(update(policy(), policy(5 as never))).toEqual(["loud: may DELETE EARLIER, policy cannot be compared"]);
    expect(update(policy(), undefined, { after_unknown: { policy: true } })).toEqual([
      'loud: may DELETE EARLIER, policy: "{\\"rules\\":[]}" -> (known after apply)',
    ]);
  });
});

test("a new policy of a repository that exists counts, if it deletes images", () => {
  const old = { address: "a.x", type: "a", change: { actions: ["no-op"], before: {}, after: {} } };
  const created = (...rules: object[]) => {
    const after = { repository: "dev/worker", policy: policy(...rules) };
    const change = { actions: ["create"], before: null, after };
    return warningsOf("dev", plan([old, { address: `${type}.x`, type, change }])).map(({ happens }) => happens);
  };
  expect(created(rule(1, untagged(7)))).toEqual(["DELETES EARLIER"]);
  expect(created(rule(1, untagged(7), "transition"))).toEqual([]);
});

test.each<[string, string, string]>([
  ["more days", policy(rule(1, untagged(1))), policy(rule(1, untagged(7)))],
  ["more images", policy(rule(1, newest(10, "*"))), policy(rule(1, newest(1000, "*")))],
  ["a rule less", policy(rule(1, untagged(7)), rule(2, newest(9, "*"))), policy(rule(1, untagged(7)))],
  ["other words", policy(rule(1, untagged(7))), policy(rule(1, untagged(7), "expire", "Remains"))],
  ["a pattern in place of a prefix", policy(rule(1, prefixed("dev"))), policy(rule(1, newest(5, "dev*")))],
  ["tags in another order", policy(rule(1, newest(7, "a", "b"))), policy(rule(1, newest(7, "b", "a")))],
  [
    "other priorities in the same order",
    policy(rule(1, untagged(7)), rule(2, any(9))),
    policy(rule(5, untagged(7)), rule(6, any(9))),
  ],
  ["an archive in place of the deletion", policy(rule(1, untagged(7))), policy(rule(1, untagged(7), "transition"))],
  [
    "no rule that deleted some of them even earlier",
    policy(rule(1, untagged(1)), rule(2, any(30))),
    policy(rule(2, any(30))),
  ],
  [
    "no rule for other images",
    policy(rule(1, untagged(90)), rule(2, newest(5, "v*"))),
    policy(rule(2, newest(5, "v*"))),
  ],
  [
    "the same in other spaces",
    policy(rule(1, untagged(7))),
    JSON.stringify({ rules: [rule(1, untagged(7))] }, null, 2),
  ],
])("no image is deleted earlier by %s", (_, before, after) => {
  expect(update(before, after)).toEqual([]);
});
