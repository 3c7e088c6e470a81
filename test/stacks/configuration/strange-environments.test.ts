import { Token } from "cdktf";
import * as fc from "fast-check";
import { describeProblem, show } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { loadEnvironments } from "../../../stacks/configuration/loader.ts";
import { problemsOf } from "../../support/fixtures.ts";
import { messageOf } from "../../support/synthesized.ts";
import { messagesWith, type Place, passed, replaced, type WrongValue } from "../../support/wrong-environments.ts";

class Settings {
  readonly forceDelete = true;
}

const circular: { itself?: object } = {};
circular.itself = circular;
const circularList: unknown[] = [];
circularList.push(circularList);

const throwing = () => {
  throw new Error("not today");
};
const withGetter = (object: object, field: string, get: () => unknown = throwing) =>
  Object.defineProperty({ ...object }, field, { get, enumerable: true });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** Values that no field has, whatever its type. */
const strangeValues: readonly (readonly [name: string, value: unknown])[] = [
  ["BigInt", 8n],
  ["Symbol", Symbol("eight")],
  ["function", () => 8],
  ["function that throws when it is written", Object.assign(() => 8, { toString: throwing })],
  ["class", Settings],
  ["instance of a class", new Settings()],
  ["Date", new Date(0)],
  ["invalid Date", new Date(Number.NaN)],
  ["Map", new Map([["forceDelete", true]])],
  ["Set", new Set(["us-west-2a", "us-west-2b"])],
  ["regular expression", /a/],
  ["Error", new Error("a")],
  ["Promise", Promise.resolve("a")],
  ["boxed text", new String("dev")],
  ["boxed number", new Number(8)],
  ["typed array", new Uint8Array(2)],
  ["Buffer", Buffer.from("a")],
  ["circular object", circular],
  ["circular list", circularList],
  ["object whose prototype has the fields", Object.create({ forceDelete: true })],
  ["object that throws when it is written", { toJSON: throwing, toString: throwing }],
  ["proxy that throws", new Proxy({}, { ownKeys: throwing, get: throwing, getPrototypeOf: throwing })],
  ["revoked proxy", revoked()],
  ["sparse list", new Array(3)],
  ["very sparse list", new Array(2 ** 32 - 1)],
  ["very long text", "a".repeat(1_000_000)],
  ["null character", "a\0b"],
  ["half of a character", "a\ud800"],
  ["token of a text", Token.asString({})],
  ["token of a list", Token.asList({})],
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["minus zero", -0],
  ["__proto__", JSON.parse('{"__proto__": {"forceDelete": true}}')],
];

const places: readonly Place[] = [
  ...["name", "region", "availabilityZones", "network", "cluster", "nodePools", "registry", "tags", "budget"],
  ...[
    "network.natGateways",
    "cluster.administrators",
    "cluster.deletionProtection",
    "nodePools.gpu",
    "nodePools.gpu.capacity",
  ],
  ...["nodePools.gpu.capacity.max", "nodePools.gpu.labels", "tags.CostCenter", "workload.image", "workload.jobs"],
  ["workload", "jobs", 0],
  ["workload", "jobs", 0, "workers"],
  ["nodePools", "gpu", "taints", 0],
];

test("a value that is no data is refused at its place, whatever the field", () => {
  const wrong = places.flatMap((place) => strangeValues.map(([, value]): WrongValue => [place, value]));
  expect(wrong.length).toBeGreaterThan(500);
  expect(passed(wrong, { below: true })).toEqual([]);
});

test("a whole environment that is no data is refused", () => {
  for (const [name, value] of strangeValues) {
    const problems = problemsOf(value);
    expect({ name, isRefused: problems.length > 0 }).toEqual({ name, isRefused: true });
    // Also where the loader looks for names and variables.
    const load = () => loadEnvironments([value], { PLATFORM_DEV_ACCOUNT_ID: "111122223333" });
    expect(messageOf(load)).toMatch(/^the configuration has \d+ problems?:\n {2}- environments\[0\]/);
  }
});

describe("messages say what was found", () => {
  test.each<[string, Place, unknown, string]>([
    ["NaN", "results.expirationInDays", Number.NaN, "got NaN:"],
    ["minus zero", "results.expirationInDays", -0, "got -0:"],
    ["a BigInt", "results.expirationInDays", 90n, "got 90n:"],
    ["a Symbol", "tags.owner", Symbol("me"), "got Symbol(me):"],
    ["a list with NaN", "tags.owner", [Number.NaN, -0, Symbol("me"), 3n], 'got ["NaN","-0","Symbol(me)","3n"]:'],
    ["a circle", "tags.owner", circular, "got a value that contains itself:"],
    [
      "a Map",
      "registry",
      new Map(),
      "must be a plain value, got an instance of Map: write plain data, such as { ... } or [ ... ]",
    ],
    [
      "an instance",
      "registry",
      new Settings(),
      "must be a plain value, got an instance of Settings: write plain data, such as { ... } or [ ... ]",
    ],
    [
      "a getter",
      "registry",
      withGetter({}, "forceDelete"),
      ".forceDelete must be a value that can be read, got an error (not today): write plain data",
    ],
    [
      "a text that is too long",
      "tags.owner",
      "a".repeat(40_000),
      "must be a text of at most 32,768 characters, got 40,000 characters: shorten it",
    ],
    [
      "a null character",
      "tags.owner",
      "a\0b",
      'must be a text without null characters and halves of characters, got "a\\u0000b":',
    ],
    [
      "a list that is too long",
      "availabilityZones",
      new Array(2 ** 32 - 1),
      "must be a list of at most 1,000 entries, got 4,294,967,295 entries",
    ],
  ])("%s", (_, place, value, text) => {
    const messages = messagesWith([place, value]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(text);
  });

  test("in a thousand characters, of a value of any length", () => {
    expect(show("a".repeat(5000))).toBe(`"${"a".repeat(999)}… (5,002 characters)`);
    const key = "k".repeat(500);
    expect(messagesWith([["tags", key], "v"])).toEqual([
      `tags["${key}"] must be a key without the prefix aws:, of 1 to 128 letters, digits, spaces and _ . : / = + - @, got "${key}": rename the tag`,
    ]);
  });
});

test("__proto__ is no pool, tag or label, and pollutes nothing", () => {
  for (const place of ["nodePools", "tags", "nodePools.gpu.labels", "instanceTypes"]) {
    const own = JSON.parse('{"__proto__": {"polluted": "yes"}}');
    expect(messagesWith([place, { ...own, ...JSON.parse('{"__proto__": "x"}') }]).length).toBeGreaterThan(0);
    const messages = messagesWith([place, own]);
    expect(messages.filter((message) => message.startsWith(`${place}.__proto__ must be left out`))).toHaveLength(1);
  }
  expect(({} as { polluted?: string }).polluted).toBeUndefined();
});

test("a property that throws once is read once, and hides nothing else", () => {
  const environment = withGetter({ ...dev, accountId: "mine" }, "region");
  expect(problemsOf(environment).map(describeProblem)).toEqual([
    "region must be a value that can be read, got an error (not today): write plain data",
    'accountId must be an AWS account of 12 digits, got "mine": copy yours from aws sts get-caller-identity',
  ]);
});

test("an error that cannot be read hides no place", () => {
  const errors = [
    null,
    revoked(),
    Object.assign(new Error("a"), { message: Symbol("a") }),
    Object.create(Error.prototype, { message: { get: throwing } }),
  ];
  for (const error of errors) {
    const environment = withGetter(dev, "region", () => {
      throw error;
    });
    expect(problemsOf(environment).map(describeProblem)).toEqual([
      "region must be a value that can be read, got an error (of an unknown kind): write plain data",
    ]);
  }
});

test("no value anywhere makes synthesis crash, and none is refused without a problem", () => {
  const keys = fc.constantFrom(
    "name",
    "cluster",
    "nodePools",
    "general",
    "capacity",
    "min",
    "labels",
    "taints",
    "workload",
    "jobs",
    "workers",
    "tags",
    "constructor",
    "a",
  );
  const path = fc.array(fc.oneof(keys, fc.nat(2)), { minLength: 1, maxLength: 4 });
  const value = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
    fc.nat(strangeValues.length - 1),
  );
  fc.assert(
    fc.property(path, value, (keys, strange) => {
      const load = () =>
        loadEnvironments(
          [replaced(dev, keys, typeof strange === "number" ? strangeValues[strange]?.[1] : strange)],
          {},
        );
      try {
        expect(load()).toHaveLength(1);
      } catch (error) {
        expect((error as Error).message).toMatch(/^the configuration has [1-9]\d* problems?:\n {2}- /);
      }
    }),
    { numRuns: 100, seed: 11 },
  );
});
