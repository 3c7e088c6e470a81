import { changedAttributes } from "../../tools/diff/attributes.ts";
import { renderMarkdown } from "../../tools/diff/markdown.ts";
import type { Outcome } from "../../tools/diff/outcome.ts";
import type { Change, Plan } from "../../tools/diff/plan.ts";
import { countsOf, hasChanges, warningsOf } from "../../tools/diff/summary.ts";
import { renderText } from "../../tools/diff/text.ts";

const change = (actions: readonly string[], rest: Partial<Change> = {}): Change => ({ actions, ...rest });
const resource = (type: string, actions: readonly string[], rest: Partial<Change> = {}) => ({
  address: `${type}.x`,
  type,
  change: change(actions, rest),
});
const plan = (resource_changes: Plan["resource_changes"] = [], rest: Partial<Plan> = {}): Plan => ({
  format_version: "1.2",
  resource_changes,
  ...rest,
});
const planned = (stack: string, of: Plan, text?: string): Outcome => ({
  stack,
  notes: [],
  kind: "planned",
  plan: of,
  ...(text !== undefined && { text }),
});
const report = (...outcomes: Outcome[]) => ({ subject: "dev", outcomes, remarks: [] });
const markdown = (outcomes: Outcome[], limit = 65_000) =>
  renderMarkdown(report(...outcomes), { limit, whole: "there" });

describe("the summary", () => {
  test("counts every kind of change, a replacement once and in either order", () => {
    const counted = countsOf(
      plan(
        [
          resource("a", ["create"]),
          resource("a", ["update"]),
          resource("a", ["delete", "create"]),
          resource("a", ["create", "delete"]),
          resource("a", ["delete"]),
          resource("a", ["forget"]),
          resource("a", ["no-op"]),
          resource("a", ["no-op"], { importing: { id: "i-1" } }),
          { ...resource("a", ["no-op"]), previous_address: "a.before" },
          { ...resource("a", ["read"]), mode: "data" },
        ],
        {
          output_changes: { o: change(["update"]), same: change(["no-op"]) },
          resource_drift: [resource("a", ["update"], { before: { x: 1 }, after: { x: 2 } })],
          relevant_attributes: [{ resource: "a.x", attribute: ["x"] }],
        },
      ),
    );
    expect(counted).toEqual({
      add: 1,
      change: 1,
      replace: 2,
      destroy: 1,
      forgotten: 1,
      deposed: 0,
      deferred: 0,
      imported: 1,
      moved: 1,
      outputs: 1,
      drifted: 1,
    });
  });

  test.each<[boolean, string, Outcome]>([
    [false, "a plan that does nothing", planned("s", plan([resource("a", ["no-op"])]))],
    [
      false,
      "a change outside Terraform that a deploy leaves",
      planned("s", plan([], { resource_drift: [resource("a", ["update"])] })),
    ],
    [true, "an output alone", planned("s", plan([], { output_changes: { o: change(["update"]) } }))],
    [true, "a moved resource", planned("s", plan([{ ...resource("a", ["no-op"]), previous_address: "a.y" }]))],
    [true, "a plan that Terraform could not complete", planned("s", plan([], { complete: false }))],
    [true, "a stack that waits", { stack: "s", notes: [], kind: "waits", upstream: "dev-platform" }],
  ])("finds changes (%s) in %s", (expected, _, outcome) => {
    expect(hasChanges(outcome)).toBe(expected);
  });
});

describe("attributes", () => {
  test("are named down to where they differ, with what forces a replacement", () => {
    const attributes = changedAttributes(
      change(["delete", "create"], {
        before: { a: [{ b: 1, c: 2 }], same: 1, id: "old" },
        after: { a: [{ b: 9, c: 2 }], same: 1 },
        after_unknown: { id: true },
        replace_paths: [["a", 0, "b"]],
      }),
    );
    expect(attributes).toEqual([
      { path: "a[0].b", before: "1", after: "9", replaces: true },
      { path: "id", before: '"old"', after: "(known after apply)", replaces: false },
    ]);
  });

  test.each<[string, Partial<Change>]>([
    [
      "itself",
      {
        before: { v: "hunter2" },
        after: { v: "hunter3" },
        before_sensitive: { v: true },
        after_sensitive: { v: true },
      },
    ],
    [
      "the whole around it",
      { before: { v: "hunter2" }, after: { v: "hunter3" }, before_sensitive: true, after_sensitive: true },
    ],
    [
      "a part of a list that changes length",
      {
        before: { v: ["hunter2"] },
        after: { v: ["hunter3", "b"] },
        before_sensitive: { v: [true] },
        after_sensitive: { v: [true] },
      },
    ],
    [
      "a part of a value that appears",
      { before: {}, after: { v: { w: "hunter3" } }, before_sensitive: {}, after_sensitive: { v: { w: true } } },
    ],
  ])("are hidden when %s is sensitive", (_, values) => {
    const written = JSON.stringify(changedAttributes(change(["update"], values)));
    expect(written).toContain("(sensitive value)");
    expect(written).not.toContain("hunter");
  });
});

describe("warnings", () => {
  test.each([
    "aws_eks_cluster",
    "aws_eks_node_group",
    "aws_s3_bucket",
    "aws_ecr_repository",
    "aws_vpc",
    "aws_subnet",
    "aws_nat_gateway",
    "aws_route",
    "aws_route_table",
    "aws_eks_access_entry",
  ])("are loud when %s is destroyed or replaced, and silent when it is created or changed", (type) => {
    const of = (...actions: string[]) => warningsOf("s", plan([resource(type, actions)]));
    expect(of("delete")).toMatchObject([{ severity: "loud", happens: "is DESTROYED", address: `${type}.x` }]);
    expect(of("delete", "create")).toMatchObject([{ severity: "loud", happens: "is REPLACED" }]);
    expect(of("create", "delete")).toMatchObject([{ happens: "is REPLACED (the new one is created first)" }]);
    expect([...of("create"), ...of("update"), ...of("no-op")]).toEqual([]);
    expect(of("forget")).toMatchObject([{ severity: "notice", happens: "is FORGOTTEN" }]);
  });

  test("of a Job are quieter, and name the effect on a run", () => {
    const [warning] = warningsOf("s", plan([resource("kubernetes_job_v1", ["delete", "create"])]));
    expect(warning).toMatchObject({
      severity: "notice",
      effect: expect.stringContaining("a run in progress stops"),
    });
  });

  test("of a bucket tell deletion from a refusal", () => {
    const effect = (force_destroy: boolean) =>
      warningsOf("s", plan([resource("aws_s3_bucket", ["delete"], { before: { force_destroy } })]))[0]?.effect;
    expect(effect(true)).toContain("every result in it is deleted");
    expect(effect(false)).toContain("AWS refuses");
  });

  test("name the attribute with its values, or Terraform's reason", () => {
    const replaced = resource("aws_vpc", ["delete", "create"], {
      before: { cidr_block: "10.0.0.0/16" },
      after: { cidr_block: "10.9.0.0/16" },
      replace_paths: [["cidr_block"]],
    });
    expect(warningsOf("s", plan([replaced]))[0]?.because).toBe('cidr_block: "10.0.0.0/16" -> "10.9.0.0/16"');
    const removed = { ...resource("aws_vpc", ["delete"]), action_reason: "delete_because_no_resource_config" };
    expect(warningsOf("s", plan([removed]))[0]?.because).toBe("it is no longer in the code");
  });

  test("of a change in place tell of drained nodes and of changes that cannot be undone", () => {
    const update = (type: string, attribute: string) =>
      warningsOf(
        "s",
        plan([resource(type, ["update"], { before: { [attribute]: "1" }, after: { [attribute]: "2" } })]),
      );
    expect(update("aws_eks_node_group", "version")).toMatchObject([{ because: "version changes", severity: "notice" }]);
    expect(update("aws_eks_node_group", "release_version")).toMatchObject([
      { because: "release_version changes", effect: expect.stringMatching(/^its nodes are replaced, a third of them/) },
    ]);
    expect(update("aws_eks_cluster", "version")).toMatchObject([
      { effect: expect.stringContaining("does not go back") },
    ]);
    expect(update("aws_eks_node_group", "labels")).toEqual([]);
  });

  test("are loud when a protection from deletion is switched off or left out, and silent when it is switched on", () => {
    const change = (type: string, before: object, after: object) =>
      warningsOf("s", plan([resource(type, ["update"], { before, after })]));
    const off = { severity: "loud", happens: "is SWITCHED OFF" };
    expect(change("terraform_data", { input: { protected: true } }, { input: { protected: false } })).toMatchObject([
      { ...off, noun: "deletion protection of the stack", because: "input.protected changes" },
    ]);
    for (const after of [{ deletion_protection: false }, {}]) {
      expect(change("aws_eks_cluster", { deletion_protection: true }, after)).toMatchObject([off]);
    }
    expect(change("terraform_data", { input: { protected: false } }, { input: { protected: true } })).toEqual([]);
    const both = change("aws_eks_cluster", { version: "1.34", deletion_protection: true }, { version: "1.35" });
    expect(both.map(({ severity }) => severity)).toEqual(["notice", "loud"]);
  });
});

describe("markdown", () => {
  const long = (stack: string, lines: number) =>
    planned(
      stack,
      plan([resource("aws_vpc", ["delete"])]),
      Array.from({ length: lines }, (_, line) => `line ${line} of ${stack}`).join("\n"),
    );

  test("stays within its limit by cutting plans, and never the table or a warning", () => {
    const text = markdown([long("dev-platform", 5000), long("dev-addons", 5), long("dev-workload", 5000)], 8000);
    expect(text.length).toBeLessThanOrEqual(8000);
    expect(text.length).toBeGreaterThan(7000);
    for (const stack of ["dev-platform", "dev-addons", "dev-workload"]) {
      expect(text).toContain(`| \`${stack}\` | 0 | 0 | 0 | **1** |`);
      expect(text).toMatch(new RegExp(`network .*is \\*\\*DESTROYED\\*\\* \\(\`${stack}\`\\)`));
    }
    expect(text).toContain("line 4 of dev-addons\n```");
    expect(text).toMatch(/\d+ of 5000 lines are cut here; all of them are there\./);
    expect(text.match(/<details/g)).toHaveLength(6);
    expect(text.match(/<\/details>/g)).toHaveLength(6);
  });

  test("keeps table and warnings when there is no room for a line of a plan, and says that plans are absent", () => {
    const text = markdown([long("dev-platform", 5000)], 600);
    expect(text).toContain("| `dev-platform` | 0 | 0 | 0 | **1** |");
    expect(text).toContain("is **DESTROYED**");
    expect(text).toContain("of 2 plans and lists have no room here; all of them are there.");
    expect(text).not.toContain("line 0");
  });

  test("fences a plan that holds fences, and mentions nobody", () => {
    const text = markdown([planned("s", plan([resource("aws_vpc", ["delete"])]), "a\n```\n</details>@team\n````")]);
    expect(text).toContain("\n`````text\na\n```\n</details>@team\n````\n`````\n");
  });

  test("shows a failed plan loudly and its error open, and an error that several met only once", () => {
    const failed = (stack: string): Outcome => ({
      stack,
      notes: [],
      kind: "failed",
      step: "init",
      error: "No valid credential sources found",
    });
    const text = markdown([failed("dev-platform"), failed("dev-addons")]);
    expect(text).toContain("**Not planned, because of an error: `dev-platform`, `dev-addons`.**");
    expect(text).toContain("<details open><summary>Error of dev-platform</summary>");
    expect(text.match(/No valid credential/g)).toHaveLength(1);
    expect(text).toContain("The same error as that of dev-platform.");
  });

  test("is one table for a terminal, with whole sentences between rows of numbers", () => {
    const outcomes = [planned("dev-platform", plan()), planned("dev-image", plan([resource("a", ["create"])]))];
    expect(
      renderText(report(...outcomes))
        .split("\n\n")[0]
        ?.split("\n"),
    ).toEqual([
      "┌──────────────┬─────┬────────┬─────────┬─────────┬─────────┐",
      "│ stack        │ add │ change │ replace │ destroy │ besides │",
      "│ dev-platform │ nothing changes                            │",
      "│ dev-image    │   1 │      0 │       0 │       0 │         │",
      "└──────────────┴─────┴────────┴─────────┴─────────┴─────────┘",
    ]);
  });

  test("says that nothing changes, whatever a refresh has found, and counts changes outside Terraform beside others", () => {
    const resource_drift = [resource("aws_vpc", ["update"], { before: { x: 1 }, after: { x: 2 } })];
    const unaffected = planned("dev-platform", plan([], { resource_drift }));
    expect(markdown([unaffected])).toContain("| `dev-platform` | | | | | nothing changes |");
    expect(renderText(report(unaffected))).not.toContain("WARNING");
    const back = [resource("aws_vpc", ["update"], { before: { x: 2 }, after: { x: 1 } })];
    expect(markdown([planned("dev-platform", plan(back, { resource_drift }))])).toContain(
      "| `dev-platform` | 0 | 1 | 0 | 0 | 1 changed outside Terraform |",
    );
  });
});
