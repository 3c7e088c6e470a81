import { InvalidConfigurationError } from "../../../constructs/support/problems.ts";
import { all, allOf, at, attempt, checked, refused, resolved } from "../../../stacks/configuration/resolution.ts";

const problem = (...path: PropertyKey[]) => ({ path, allowed: "a", got: "b", fix: "c" });

test("an attempt turns the problems of a constructor into a refusal, and passes on every other error", () => {
  const refuse = () => {
    throw new InvalidConfigurationError("a pool", [problem("name")]);
  };
  const fail = () => {
    throw new TypeError("a mistake in the code");
  };
  expect(attempt(() => 5)).toEqual(resolved(5));
  expect(attempt(refuse)).toEqual(refused([problem("name")]));
  expect(() => attempt(fail)).toThrow(TypeError);
});

test("a whole is resolved when all parts are, and has the problems of all parts otherwise", () => {
  expect(all({ a: resolved(1), b: resolved(undefined) })).toEqual(resolved({ a: 1, b: undefined }));
  expect(all({ a: refused([problem("a")]), b: resolved(1), c: refused([problem("c")]) })).toEqual(
    refused([problem("a"), problem("c")]),
  );
  expect(allOf([resolved(1), resolved(2)])).toEqual(resolved([1, 2]));
  expect(allOf([resolved(1), refused([problem(1)])])).toEqual(refused([problem(1)]));
});

test("a refusal without a problem of its own still refuses the whole", () => {
  expect(all({ a: refused([]), b: resolved(1) })).toEqual(refused([]));
  expect(allOf([refused([])])).toEqual(refused([]));
});

test("a value with a problem is refused, under the path of its part", () => {
  expect(checked(5, [])).toEqual(resolved(5));
  expect(at(["jobs", 0], checked(5, [problem("seed")]))).toEqual(refused([problem("jobs", 0, "seed")]));
});
