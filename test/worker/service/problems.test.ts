import { PermanentError, RefusedError, TemporaryError } from "../../../worker/src/contract/errors.ts";
import { ProblemError, problemErrorOf, refuseIfWrong } from "../../../worker/src/service/problems.ts";
import { RateLimit } from "../../../worker/src/service/rate-limit.ts";

describe("an error of the engine", () => {
  test.each([
    [new TemporaryError("the bucket is away"), 503, "Service Unavailable", 5],
    [new RefusedError("the bucket refuses"), 502, "Bad Gateway", undefined],
    [new PermanentError("the sweep is damaged"), 409, "Conflict", undefined],
  ])("%s is answered with %d", (error, status, title, retryAfterSeconds) => {
    const problem = problemErrorOf(error);
    expect(problem.answer).toEqual({ type: "about:blank", status, title, detail: error.message });
    expect(problem.retryAfterSeconds).toBe(retryAfterSeconds);
  });

  test("is a bug if nobody has explained it", () => {
    expect(() => problemErrorOf(new TypeError("x is undefined"))).toThrow(TypeError);
    const problem = new ProblemError(404, "there is no such sweep");
    expect(problemErrorOf(problem)).toBe(problem);
  });
});

test("wrong values are one answer, with each at its path", () => {
  expect(() => refuseIfWrong([])).not.toThrow();
  const wrong = { path: ["a", 0, "b"], allowed: "a number", got: "nothing", fix: "set it" };
  expect(() => refuseIfWrong([wrong, wrong])).toThrow(
    "a[0].b must be a number, got nothing: set it\na[0].b must be a number, got nothing: set it",
  );
  expect(new ProblemError(400, "", { problems: [wrong] }).answer.problems).toEqual([{ ...wrong, path: "a[0].b" }]);
});

describe("a rate limit", () => {
  test("counts any sixty seconds, and each user alone", () => {
    let now = 0;
    const limit = new RateLimit(2, () => now);
    const tooMany = (user: string | null) => {
      try {
        limit.count(user);
        return undefined;
      } catch (error) {
        return (error as ProblemError).retryAfterSeconds;
      }
    };
    expect(tooMany("ann")).toBeUndefined();
    now = 40_000;
    expect(tooMany("ann")).toBeUndefined();
    now = 59_000;
    expect(tooMany("ann")).toBe(1);
    expect(tooMany("bob")).toBeUndefined();
    expect(tooMany(null)).toBeUndefined();
    now = 60_000;
    expect(tooMany("ann")).toBeUndefined();
    expect(tooMany("ann")).toBe(40);
    now = 100_000;
    expect(tooMany("ann")).toBeUndefined();
  });

  test("keeps nothing of users who have gone", () => {
    let now = 0;
    const limit = new RateLimit(1, () => now);
    for (let user = 0; user < 3_000; user++) {
      limit.count(String(user));
      now += 1_000;
    }
    // One submission is still counted after all these users.
    expect(() => limit.count("2999")).toThrow("too many submissions");
  });
});
