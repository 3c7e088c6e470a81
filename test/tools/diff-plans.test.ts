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

  test("are read from a file and from standard input, and shown without what is sensitive", () => {
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
    ["no JSON", "Terraform used", "is no JSON"],
    ["a state", '{"format_version":"1.0","values":{}}', "is no plan: got a state"],
    ["anything else", "[]", "is no plan: got JSON without format_version"],
    ["null", "null", "is no plan"],
    [
      "a plan of the future",
      '{"format_version":"2.0","planned_values":{}}',
      'has format_version "2.0"; allowed is 1.x',
    ],
  ])("are refused when they are %s", (_, input, message) => {
    expect(messageOf(() => readPlan(input, "plan.json"))).toContain(message);
  });

  test.each<[string[], string]>([
    [[], "environment: got nothing; allowed is dev or prod, or --all"],
    [["staging"], 'environment: got "staging"; allowed is dev or prod'],
    [["dev", "--all"], "--all: got environments too (dev)"],
    [["dev", "--plan", "x.json"], "--plan: got environments too (dev)"],
    [["--plan", "absent.json"], "--plan: cannot read absent.json"],
    [["dev", "--format", "html"], "Allowed choices are text, markdown"],
    [["dev", "--limit", "10"], "allowed is a number of characters from 2,000"],
  ])("and arguments like %j are refused with what is allowed", (args, message) => {
    const { status, stderr } = run(args);
    expect(stderr).toContain(message);
    expect(status).toBe(1);
  });

  test("the tool explains itself", () => {
    const { status, stdout } = run(["--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Usage: npm run diff --");
  });
});
