import { z } from "zod";
import { describeProblem, InvalidConfigurationError } from "../../../constructs/support/problems.ts";
import { Malformed } from "../../../stacks/configuration/malformed.ts";
import {
  all,
  allOf,
  at,
  attempt,
  checked,
  problemsIn,
  refused,
  resolved,
} from "../../../stacks/configuration/resolution.ts";
import { shapeOf } from "../../../stacks/configuration/shape.ts";

const schema = z.strictObject({
  text: z.string(),
  number: z.number(),
  flag: z.boolean(),
  word: z.enum(["a", "b"]),
  list: z.array(z.number()).readonly(),
  record: z.record(z.string(), z.number()),
  versions: z.partialRecord(z.enum(["x", "y"]), z.string()).optional(),
  object: z.strictObject({ inner: z.string(), optional: z.number().optional() }),
  hinted: z.string().meta({ allowed: "a name", fix: "write a name" }).optional(),
});
const right = {
  text: "t",
  number: 2,
  flag: true,
  word: "b",
  list: [1],
  record: { a: 1 },
  object: { inner: "i" },
};
const shape = (changes: object) => shapeOf(schema, { ...right, ...changes });
const messages = (changes: object) => shape(changes).problems.map(describeProblem);

describe("the shape of an input", () => {
  test("that is right is the input itself", () => {
    const { value, problems, malformed } = shape({ hinted: "h" });
    expect([value, problems, malformed.any]).toEqual([{ ...right, hinted: "h" }, [], false]);
  });

  test("has stand-ins for what is required, and nothing for what is optional", () => {
    const wrong = {
      text: 1,
      number: "1",
      flag: "yes",
      word: "c",
      list: 1,
      record: 1,
      object: 1,
      hinted: 1,
      versions: 1,
    };
    expect(shape(wrong).value).toEqual({
      text: "",
      number: 1,
      flag: false,
      word: "a",
      list: [],
      record: {},
      object: { inner: "" },
    });
  });

  test("keeps what is right beside what is wrong, at every depth", () => {
    const wrong = {
      list: [1, "2", 3],
      record: { a: 1, b: "2" },
      versions: { x: "1", z: "2" },
      object: { inner: "i", optional: "x" },
    };
    expect(shape(wrong).value).toMatchObject({
      list: [1, 1, 3],
      record: { a: 1, b: 1 },
      versions: { x: "1" },
      object: { inner: "i" },
    });
    expect(shape(wrong).value.object).not.toHaveProperty("optional");
    expect(shape(wrong).value.versions).not.toHaveProperty("z");
  });

  test.each([undefined, null, 5, "text", [1]])("of %j is made of stand-ins alone", (input) => {
    const { value, malformed } = shapeOf(schema, input);
    expect(value).toMatchObject({ text: "", number: 1, object: { inner: "" } });
    expect(malformed.whole).toBe(true);
  });
});

describe("the problems of a shape", () => {
  test.each<[object, string[]]>([
    [{ text: 1 }, ["text must be a text, got 1: correct its type"]],
    [{ number: "1" }, ['number must be a number, got "1": correct its type']],
    [{ flag: "yes" }, ['flag must be true or false, got "yes": correct its type']],
    [{ word: "c" }, ['word must be "a" or "b", got "c": use one of these']],
    [{ list: {} }, ["list must be a list, got {}: correct its type"]],
    [{ list: [1, "2"] }, ['list[1] must be a number, got "2": correct its type']],
    [{ record: [] }, ["record must be an object, got []: correct its type"]],
    [{ record: { a: "1" } }, ['record.a must be a number, got "1": correct its type']],
    [{ object: 1 }, ["object must be an object with inner or optional, got 1: correct its type"]],
    [{ versions: 1 }, ["versions must be an object with x or y, got 1: correct its type"]],
    [{ versions: { x: 1 } }, ["versions.x must be a text, got 1: correct its type"]],
    [{ hinted: 1 }, ["hinted must be a name, got 1: write a name"]],
    [{ text: undefined }, ["text must be a text, got nothing: add it"]],
    [
      { unknown: 1, other: "x" },
      [
        "unknown must be left out, got 1: remove it, or rename it to text, number, flag, word, list, record, versions, object or hinted",
        'other must be left out, got "x": remove it, or rename it to text, number, flag, word, list, record, versions, object or hinted',
      ],
    ],
    [
      { object: { inner: "i", third: 1 } },
      ["object.third must be left out, got 1: remove it, or rename it to inner or optional"],
    ],
  ])("%j", (changes, expected) => {
    expect(messages(changes)).toEqual(expected);
  });
});

describe("malformed places", () => {
  const malformed = new Malformed([["a", 0], ["b"]]);
  const problem = (...path: PropertyKey[]) => ({ path, allowed: "", got: "", fix: "" });

  test("are known from the whole and from each part", () => {
    expect([malformed.any, malformed.whole]).toEqual([true, false]);
    expect([malformed.in("a").any, malformed.in("a").whole]).toEqual([true, false]);
    expect([malformed.in("a", 0).any, malformed.in("a", 0).whole]).toEqual([true, true]);
    expect([malformed.in("a", 1).any, malformed.in("c").any]).toEqual([false, false]);
    // All of a part is malformed when the part is.
    expect([malformed.in("b", "x", "y").whole, malformed.in().any]).toEqual([true, true]);
  });

  test("silence problems at them and inside them, or also around them", () => {
    const problems = [problem("a"), problem("a", 0), problem("a", 0, "x"), problem("a", 1), problem("b", 0), problem()];
    expect(malformed.without(problems).map(({ path }) => path)).toEqual([["a"], ["a", 1], []]);
    expect(malformed.untouched(problems).map(({ path }) => path)).toEqual([["a", 1]]);
  });
});

describe("a resolution", () => {
  const problem = { path: ["p"], allowed: "a", got: "g", fix: "f" };

  test("is the value, unless there is a problem", () => {
    expect(checked(1, [])).toEqual({ ok: true, value: 1 });
    expect(checked(1, [problem])).toEqual({ ok: false, problems: [problem] });
    expect([problemsIn(resolved(1)), problemsIn(refused([problem]))]).toEqual([[], [problem]]);
  });

  test("of a constructor is its object or the problems that it throws, and no other error", () => {
    const fails = (error: Error) => () => {
      throw error;
    };
    expect(attempt(() => 1)).toEqual(resolved(1));
    expect(attempt(fails(new InvalidConfigurationError("x", [problem])))).toEqual(refused([problem]));
    expect(() => attempt(fails(new Error("a bug")))).toThrow("a bug");
  });

  test("of a part has its place in the whole", () => {
    expect(at(["w", 0], resolved(1))).toEqual(resolved(1));
    expect(at(["w", 0], refused([problem]))).toEqual(refused([{ ...problem, path: ["w", 0, "p"] }]));
  });

  test("of all parts has every value or every problem, also where a refusal has none", () => {
    expect(all({ a: resolved(1), b: resolved(undefined) })).toEqual(resolved({ a: 1, b: undefined }));
    expect(all({ a: resolved(1), b: refused([problem]), c: refused([problem]) })).toEqual(refused([problem, problem]));
    expect(all({ a: resolved(1), b: refused([]) })).toEqual(refused([]));
    expect(allOf([resolved(1), resolved(2)])).toEqual(resolved([1, 2]));
    expect(allOf([resolved(1), refused([problem]), refused([])])).toEqual(refused([problem]));
  });
});
