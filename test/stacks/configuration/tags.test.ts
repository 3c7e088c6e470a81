import { devWith, problemsOf } from "../../support/fixtures.ts";

const paths = (tags: Readonly<Record<string, string>>) =>
  problemsOf(devWith({ tags })).map(({ path, got }) => [path, got]);

describe("the tags of an environment", () => {
  test.each([
    ["a key of 128 characters", { ["k".repeat(128)]: "v" }],
    ["a value of 256 characters", { owner: "v".repeat(256) }],
    ["an empty value", { owner: "" }],
    ["letters of any language, digits, spaces and signs", { "Größe_.:/=+-@ 1": "東京 _.:/=+-@ 1" }],
    ["a key that only resembles AWS's own", { awsowner: "a", "x:aws:": "b" }],
  ])("may have %s", (_, tags) => {
    expect(paths(tags)).toEqual([]);
  });

  test.each([
    ["a key of 129 characters", { ["k".repeat(129)]: "v" }],
    ["an empty key", { "": "v" }],
    ["a key that AWS keeps for itself, in capitals", { "AWS:owner": "v" }],
    ["a key with another sign", { "a&b": "v" }],
  ])("may not have %s", (_, tags) => {
    const [key = ""] = Object.keys(tags);
    expect(paths(tags)).toEqual([[["tags", key], JSON.stringify(key)]]);
  });

  test.each([
    ["of 257 characters", "v".repeat(257)],
    ["with another sign", "a & b"],
    ["with a tab", "a\tb"],
  ])("may not have a value %s", (_, value) => {
    expect(paths({ owner: value })).toEqual([[["tags", "owner"], JSON.stringify(value)]]);
  });
});
