import { Lazy } from "cdktf";
import { principalName, principalProblems, publicAccessProblems } from "../../../constructs/cluster/cluster-access.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

describe("the allow-list of the public endpoint", () => {
  const paths = (cidrs: readonly string[] | undefined) =>
    publicAccessProblems(cidrs).map(({ path, got }) => [path, got]);

  test("refuses the whole internet in one block and in two halves, and every block wider than /8", () => {
    expect(paths(["0.0.0.0/0"])).toEqual([[[0], '"0.0.0.0/0"']]);
    expect(paths(["0.0.0.0/1", "128.0.0.0/1"])).toEqual([
      [[0], '"0.0.0.0/1"'],
      [[1], '"128.0.0.0/1"'],
    ]);
    expect(paths(["203.0.113.0/24", "8.0.0.0/7"])).toEqual([[[1], '"8.0.0.0/7"']]);
  });

  test("accepts 40 blocks that together are no larger than a /8, and no 41st", () => {
    const blocks = Array.from({ length: 41 }, (_, index) => `20.${index}.0.0/16`);
    expect(paths(blocks.slice(0, 40))).toEqual([]);
    expect(paths(["20.0.0.0/9", "21.0.0.0/9", "20.7.0.0/16"])).toEqual([]);
    expect(publicAccessProblems(blocks)).toEqual([
      {
        path: [],
        got: "41 blocks",
        allowed: "at most 40 blocks, the limit of EKS",
        fix: "keep your office's or VPN's blocks only",
      },
    ]);
  });

  test("refuses a list without a block, and accepts none at all and single addresses", () => {
    expect(paths([])).toEqual([[[], "[]"]]);
    expect(paths(undefined)).toEqual([]);
    expect(paths(["203.0.113.7/32", "198.51.100.0/24"])).toEqual([]);
  });

  test("leaves a value that is known after apply to AWS, and still checks the others", () => {
    const block = Lazy.stringValue({ produce: () => "0.0.0.0/0" });
    expect(paths([block, "0.0.0.0/0"])).toEqual([[[1], '"0.0.0.0/0"']]);
  });
});

describe("the ARN of an administrator", () => {
  const allowed = "the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>)";

  test.each([
    ["arn:aws:iam::111122223333:role/admin", "admin"],
    ["arn:aws-us-gov:iam::111122223333:user/team/a+b=c,d.e@f-g_h", "a+b=c,d.e@f-g_h"],
    ["arn:aws-cn:iam::111122223333:role/one/two/admin", "admin"],
  ])("may be %s, and its name is %s", (arn, name) => {
    expect(principalProblems(arn)).toEqual([]);
    expect(principalName(arn)).toBe(name);
  });

  test.each([
    "x arn:aws:iam::111122223333:role/admin",
    "arn:aws:iam::111122223333:role/admin x",
    "arn:aws:iam::1111222233334:role/admin",
    "arn:aws:iam::11112222333:role/admin",
    "arn:aws:iam::111122223333:group/admin",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:iam::111122223333:role//admin",
    "arn:aws:iam::111122223333:role/two words",
    "arn:aws:iam::111122223333:root",
    "arn:azure:iam::111122223333:role/admin",
    "admin",
  ])("may not be %s", (arn) => {
    expect(principalProblems(arn).map(describeProblem)).toEqual([
      `the value must be ${allowed}, got "${arn}": use for example "arn:aws:iam::111122223333:role/platform-administrator"`,
    ]);
    expect(principalName(arn)).toBe(arn);
  });

  test.each([
    ["arn:aws:sts::111122223333:assumed-role/admin/alice", "arn:aws:iam::111122223333:role/admin"],
    ["arn:aws-us-gov:sts::111122223333:assumed-role/admin/alice/2", "arn:aws-us-gov:iam::111122223333:role/admin"],
  ])("may not be the session %s, whose role is %s", (arn, role) => {
    expect(principalProblems(arn).map(describeProblem)).toEqual([
      `the value must be ${allowed}, got "${arn}": this is a session, so use its role, for example "${role}"`,
    ]);
  });

  test("is left to AWS when it is known only after apply", () => {
    expect(principalProblems(Lazy.stringValue({ produce: () => "anything" }))).toEqual([]);
  });
});
