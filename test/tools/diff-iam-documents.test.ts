import fc from "fast-check";
import { holdsPattern, widenedPermissions } from "../../tools/diff/iam-documents.ts";

const document = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action: unknown, Resource: unknown = "*", rest: object = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...rest,
});
const deny = (...args: Parameters<typeof allow>) => ({ ...allow(...args), Effect: "Deny" });
const trust = (Principal: unknown, Condition?: object) => ({
  Effect: "Allow",
  Principal,
  Action: "sts:AssumeRole",
  ...(Condition && { Condition }),
});
const widened = (before: object[], after: object[]) => widenedPermissions(document(...before), document(...after));

const action = fc.constantFrom("s3:Get*", "s3:GetObject", "s3:Put*", "sqs:SendMessage", "ec2:Describe?mage");
const resource = fc.constantFrom("*", "arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:sqs:::b");
const conditions = fc.constantFrom(
  undefined,
  { StringEquals: { "aws:SourceAccount": ["1", "2"] } },
  { StringNotLike: { "aws:PrincipalArn": "a*" } },
);
const principals = fc.constantFrom(undefined, "*", { Service: ["ec2.amazonaws.com"] }, { AWS: ["111111111111"] });
const some = <T>(of: fc.Arbitrary<T>) => fc.uniqueArray(of, { minLength: 1, maxLength: 4 });
const statement = fc
  .record({
    Effect: fc.constantFrom("Allow", "Deny"),
    Action: some(action),
    Resource: some(resource),
    Condition: conditions,
    Principal: principals,
  })
  .map(({ Condition, Principal, ...rest }) => ({
    ...rest,
    ...(Condition === undefined ? {} : { Condition }),
    ...(Principal === undefined ? {} : { Principal }),
  }));
const statements = fc.array(statement, { maxLength: 4 });
const unordered = <T>(list: readonly T[], seed: number) =>
  list
    .map((value, index) => ({ value, place: (index * 7919 + seed) % 13 }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);

describe("a policy document", () => {
  test("is not wider in another order, as a single value, with another ID, or written in another way", () => {
    fc.assert(
      fc.property(statements, fc.nat(12), (before, seed) => {
        const single = (list: readonly string[]) => (list.length === 1 ? list[0] : unordered(list, seed));
        const after = unordered(before, seed).map(({ Action, Resource, ...rest }, index) => ({
          Sid: `S${index}${seed}`,
          ...rest,
          Resource: single(Resource),
          Action: single(Action),
        }));
        const text = JSON.stringify({ Statement: after, Version: "2012-10-17", Id: "other" }, undefined, 2);
        expect(widenedPermissions(document(...before), text)).toBeUndefined();
      }),
    );
  });

  test("is wider with any further action, resource, principal or statement", () => {
    fc.assert(
      fc.property(statements, statement, fc.constantFrom("Action", "Resource", "Principal"), (before, one, part) => {
        const allowing = { ...one, Effect: "Allow" };
        const known = [...before.map((other) => ({ ...other, Action: other.Action.slice() })), allowing];
        const more = {
          Action: { ...allowing, Action: [...one.Action, "iam:CreateUser"] },
          Resource: { ...allowing, Resource: ["arn:new"] },
          Principal: { ...allowing, Principal: { AWS: ["arn:aws:iam::999999999999:role/new"] } },
        }[part];
        const isKnown =
          (part === "Resource" && known.some(({ Effect, Resource }) => Effect === "Allow" && Resource.includes("*"))) ||
          (part === "Principal" &&
            known.some((other) => Effect(other) && (other as { Principal?: unknown }).Principal === "*"));
        fc.pre(!isKnown);
        expect(widened(known, [...known, more])).toMatch(/^it now allows /);
      }),
    );
  });
  const Effect = (one: { readonly Effect: string }) => one.Effect === "Allow";

  test("is never wider without a statement that allows, or with a further one that denies", () => {
    fc.assert(
      fc.property(statements, statement, (before, one) => {
        expect(
          widened(
            before,
            before.filter(({ Effect }) => Effect === "Deny"),
          ),
        ).toBeUndefined();
        expect(widened(before, [...before, { ...one, Effect: "Deny" }])).toBeUndefined();
      }),
    );
  });

  const from = (block: string, operator = "IpAddress") => ({ Condition: { [operator]: { "aws:SourceIp": block } } });
  const source = { StringEquals: { "aws:SourceAccount": "1" } };
  test.each<[string, object[], object[], RegExp]>([
    ["an action by a wildcard", [allow("s3:GetObject")], [allow("s3:Get*")], /^it now allows s3:get\* on \*$/],
    ["every resource", [allow("a:b", "arn:x")], [allow("a:b", "*")], /^it now allows a:b on \*$/],
    ["no condition any more", [allow("a:b", "*", { Condition: source })], [allow("a:b")], /^it now allows a:b/],
    [
      "a further value of a condition",
      [allow("a:b", "*", { Condition: source })],
      [allow("a:b", "*", { Condition: { StringEquals: { "aws:SourceAccount": ["1", "2"] } } })],
      /^it now allows a:b on \* under the condition StringEquals aws:sourceaccount "1", "2", in place of /,
    ],
    ["no denial any more", [allow("a:*"), deny("a:b")], [allow("a:*")], /^it no longer denies a:b on \*$/],
    [
      "a denial with a condition",
      [allow("a:*"), deny("a:b")],
      [allow("a:*"), deny("a:b", "*", { Condition: source })],
      /^it no longer denies a:b on \*, except under the condition StringEquals aws:sourceaccount "1"$/,
    ],
    [
      "another account",
      [trust({ AWS: "111111111111" })],
      [trust({ AWS: "222222222222" })],
      /by AWS:arn:aws:iam::2+:root$/,
    ],
    [
      "more addresses",
      [allow("a:b", "*", from("10.1.0.0/16"))],
      [allow("a:b", "*", from("10.0.0.0/8"))],
      /^it now allows a:b/,
    ],
    [
      "fewer addresses that are excluded",
      [allow("a:b", "*", from("10.0.0.0/8", "NotIpAddress"))],
      [allow("a:b", "*", from("10.1.0.0/16", "NotIpAddress"))],
      /^it now allows a:b/,
    ],
    ["everybody", [trust({ AWS: "111111111111" })], [trust("*")], /by \*$/],
    ["all actions but one", [allow("a:b")], [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }], /all but iam:\*/],
    [
      "a wildcard that holds an exception",
      [{ Effect: "Allow", NotAction: ["iam:CreateUser"], Resource: "*" }],
      [allow("iam:Create*")],
      /^it now allows iam:create\* on \*$/,
    ],
    [
      "a resource that may be the one of a variable",
      [{ Effect: "Allow", Action: "a:b", NotResource: ["arn:x/$", "{aws:username}/*"].join("") }],
      [allow("a:b", "arn:x/bob/*")],
      /^it now allows a:b on arn:x\/bob\/\*$/,
    ],
    [
      "an exception that ends otherwise",
      [{ Effect: "Allow", NotAction: ["iam:*User"], Resource: "*" }],
      [allow("iam:Create*")],
      /^it now allows iam:create\* on \*$/,
    ],
    [
      "fewer exceptions",
      [{ Effect: "Allow", NotAction: ["x:*", "y:*"], Resource: "*" }],
      [{ Effect: "Allow", NotAction: ["x:*"], Resource: "*" }],
      /all but x:\*/,
    ],
  ])("is wider with %s", (_, before, after, reason) => {
    expect(widened(before, after)).toMatch(reason);
  });

  test.each<[string, object[], object[]]>([
    ["fewer actions", [allow(["a:b", "a:c"])], [allow("a:b")]],
    ["one action of a wildcard", [allow("s3:Get*")], [allow("s3:GetObject")]],
    ["a further condition", [allow("a:b")], [allow("a:b", "*", { Condition: source })]],
    ["one statement for two", [allow("a:b"), allow("a:c")], [allow(["a:c", "a:b"])]],
    [
      "the root of an account for its number",
      [trust({ AWS: "111111111111" })],
      [trust({ AWS: "arn:aws:iam::111111111111:root" })],
    ],
    [
      "more exceptions",
      [{ Effect: "Allow", NotAction: "x:*", Resource: "*" }],
      [{ Effect: "Allow", NotAction: ["x:*", "y:*"], Resource: "*" }],
    ],
    ["an action that was no exception", [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }], [allow("s3:Get")]],
    [
      "a wildcard beside the exceptions",
      [{ Effect: "Allow", NotAction: ["iam:*", "sts:Get*"], Resource: "*" }],
      [allow(["s3:Get*", "sts:As*"])],
    ],
    [
      "values of any condition in another order",
      [allow("a:b", "*", { Condition: { "ForAnyValue:StringEquals": { "aws:TagKeys": ["x", "y"] } } })],
      [allow("a:b", "*", { Condition: { "ForAnyValue:StringEquals": { "AWS:tagkeys": ["y", "x"] } } })],
    ],
    ["fewer addresses", [allow("a:b", "*", from("10.0.0.0/8"))], [allow("a:b", "*", from("10.1.0.0/16"))]],
    [
      "more addresses that are excluded",
      [allow("a:b", "*", from("10.1.0.0/16", "NotIpAddress"))],
      [allow("a:b", "*", from("10.0.0.0/8", "NotIpAddress"))],
    ],
    ["a wider denial", [allow("a:*"), deny("a:b")], [allow("a:*"), deny("a:*")]],
  ])("is not wider with %s", (_, before, after) => {
    expect(widened(before, after)).toBeUndefined();
  });

  test("counts as wider if it cannot be compared", () => {
    expect(widenedPermissions(document(allow("a:b")), "no JSON")).toBe("the document cannot be compared");
    expect(widenedPermissions(document(allow("a:b")), document({ Action: "a:b" }))).toBe(
      "the document cannot be compared",
    );
    const old = JSON.stringify({ Statement: [allow("a:b")] });
    expect(widenedPermissions(old, document(allow("a:b")))).toBe(
      "the document's version changes from 2008-10-17 to 2012-10-17",
    );
    const many = Array.from({ length: 200 }, (_, index) => `a:${index}`);
    expect(widened([], [allow(many, many)])).toMatch(/too much to compare$/);
  });
});

test("a pattern holds another only if it holds every text of it", () => {
  const pattern = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 5 }).map((parts) => parts.join(""));
  const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 5 }).map((parts) => parts.join(""));
  const regular = (of: string) => new RegExp(`^${of.replaceAll("*", ".*").replaceAll("?", ".")}$`);
  fc.assert(
    fc.property(pattern, pattern, text, (outer, inner, one) => {
      if (holdsPattern(outer, inner) && regular(inner).test(one)) expect(one).toMatch(regular(outer));
      expect(holdsPattern(outer, one)).toBe(regular(outer).test(one));
    }),
    { numRuns: 500 },
  );
});
