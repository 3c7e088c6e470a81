import { retentionProblems } from "../../../constructs/support/log-retention.ts";
import { InvalidConfigurationError, throwIfAny } from "../../../constructs/support/problems.ts";
import { TerraformData } from "../../../constructs/support/terraform-data.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

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

describe("the retention of logs", () => {
  test.each([undefined, 1, 30, 3653])("may be %s", (days) => {
    expect(retentionProblems(days)).toEqual([]);
  });

  test.each([
    [0, "use 1"],
    [31, "use 60"],
    [3652, "use 3653"],
    [5000, "use 3653"],
  ])("may not be %i days, and the next longer one is named", (days, fix) => {
    expect(retentionProblems(days)).toMatchObject([
      {
        path: [],
        got: String(days),
        allowed: expect.stringMatching(
          /1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653/,
        ),
        fix: expect.stringContaining(fix),
      },
    ]);
  });
});

test("a terraform_data resource keeps its input, its triggers and what Terraform does with it", () => {
  const made = synthesize((stack) => {
    new TerraformData(stack, "plain", {});
    new TerraformData(stack, "full", {
      input: { a: 1 },
      triggersReplace: { b: 2 },
      lifecycle: { preventDestroy: true },
    });
  });
  expect(made.one("terraform_data", "plain")).toEqual({});
  expect(made.one("terraform_data", "full")).toEqual({
    input: { a: 1 },
    triggers_replace: { b: 2 },
    lifecycle: { prevent_destroy: true },
  });
});
