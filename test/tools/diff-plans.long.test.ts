import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPlan } from "../../tools/diff/plan.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { messageOf } from "../support/synthesized.ts";

describe("saved plans", () => {
  const directory = temporaryDirectory();
  const run = (args: string[], input = "") =>
    spawnSync(process.execPath, ["--import", "tsx", "tools/diff/index.ts", ...args], {
      cwd: join(__dirname, "../.."),
      input,
      encoding: "utf8",
    });
  const secret = { before_sensitive: { p: true }, after_sensitive: { p: true } };
  const before = { p: "hunter2", size: 1 };
  const after = { p: "hunter3", size: 2 };
  const text = JSON.stringify({
    format_version: "1.2",
    planned_values: {},
    resource_changes: [
      { address: "aws_eks_node_group.x", type: "aws_eks_node_group", change: { actions: ["delete"] } },
      { address: "a.x", type: "a", change: { actions: ["update"], before, after, ...secret } },
    ],
  });

  test("are read from a file and from standard input, and shown without sensitive values", () => {
    const file = join(directory, "dev-platform.json");
    writeFileSync(file, text);
    const { status, stdout } = run(["--plan", file, "--plan", "-", "--exit-code"], text);
    expect(stdout).toContain("│ dev-platform   │   0 │      1 │       0 │       1 │");
    expect(stdout).toContain("│ standard input │");
    expect(stdout).toContain("WARNING, dev-platform: node group aws_eks_node_group.x is DESTROYED");
    expect(stdout).toContain("      size: 1 -> 2");
    expect(stdout).toContain("p: (sensitive value) -> (sensitive value)");
    expect(stdout).not.toContain("hunter");
    expect(status).toBe(2);
  });

  test.each([
    [
      "no JSON",
      "Terraform used",
      'plan must be the JSON of a plan, got "Terraform used" in plan.json: use the output of ',
    ],
    [
      "a state",
      '{"format_version":"1.0","values":{}}',
      "plan must be the JSON of a plan, got a state in plan.json: use",
    ],
    ["anything else", "[]", "plan must be the JSON of a plan, got JSON without format_version in plan.json: use"],
    ["null", "null", "plan must be the JSON of a plan, got JSON without format_version in plan.json: use"],
    [
      "a plan of the future",
      '{"format_version":"2.0","planned_values":{}}',
      'plan.format_version must be 1.x, got "2.0" in plan.json: update this repository',
    ],
  ])("are refused when they are %s", (_, input, message) => {
    expect(messageOf(() => readPlan(input, "plan.json"))).toContain(message);
  });

  test.each<[string[], string]>([
    [[], "environment must be dev or prod, got nothing: name one, or use --all"],
    [["staging"], 'environment must be dev or prod, got "staging": name one of environments.ts'],
    [["dev", "--all"], '--all must be used without environments, got ["dev"]: leave one of the two out'],
    [["dev", "--plan", "x.json"], '--plan must be used without environments, got ["dev"]: leave one of the two out'],
    [["--plan", "absent.json"], '--plan must be a readable file, got "absent.json": ENOENT'],
    [["dev", "--format", "html"], "Allowed choices are text, markdown"],
    [
      ["dev", "--limit", "10"],
      '--limit must be a whole number from 2,000 to 1,000,000, got "10": use for example 30000',
    ],
  ])("and arguments like %j are refused", (args, message) => {
    const { status, stderr } = run(args);
    expect(stderr).toContain(message);
    expect(status).toBe(1);
  });
});
