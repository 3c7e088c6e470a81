import { InvalidConfigurationError, throwIfAny } from "../../../constructs/support/problems.ts";
import { messageOf } from "../../support/synthesized.ts";

describe("problems", () => {
  const problem = { path: ["a", 0], allowed: "a number", got: '"x"', fix: "use 1" };

  test("are thrown together, with their number, their subject, and themselves for programs", () => {
    expect(() => throwIfAny("pool", [])).not.toThrow();
    expect(messageOf(() => throwIfAny("pool", [problem]))).toBe(
      'pool has 1 problem:\n  - a[0] must be a number, got "x": use 1',
    );
    const two = [problem, { ...problem, path: ["b"] }];
    const error = new InvalidConfigurationError("pool", two);
    expect(error.message).toBe(
      'pool has 2 problems:\n  - a[0] must be a number, got "x": use 1\n  - b must be a number, got "x": use 1',
    );
    expect(error).toMatchObject({ name: "InvalidConfigurationError", problems: two });
  });
});
