import type { Outcome } from "../../tools/diff/outcome.ts";
import type { Plan } from "../../tools/diff/plan.ts";
import { roundOf } from "../../tools/saved-plans/rounds.ts";
import { changing, created, planned, planOf, stack } from "../support/planned-stacks.ts";

const reading = (upstream: string, output: string) =>
  JSON.stringify({ name: `\${data.terraform_remote_state.cross-stack-reference-input-${upstream}.outputs.${output}}` });
const changingOutput = (...names: readonly string[]) =>
  planOf({
    resource_changes: [created],
    output_changes: Object.fromEntries(names.map((name) => [name, { actions: ["update"] }])),
  });

describe("a round", () => {
  const platform = stack("dev-platform");
  const addons = stack("dev-addons", ["dev-platform"], reading("dev-platform", "endpoint"));
  const workload = stack("dev-workload", ["dev-platform", "dev-addons"], reading("dev-platform", "bucket"));
  const all = [platform, addons, workload];
  const divided = (...plans: readonly (Plan | "waits")[]) => {
    const outcomes = plans.map((plan, index): Outcome => {
      const id = all[index]?.id ?? "";
      return plan === "waits" ? { stack: id, notes: [], kind: "waits", upstream: "dev-platform" } : planned(id, plan);
    });
    const { now, later } = roundOf(all, outcomes);
    return { now: now.map((one) => one.stack.id), later: later.map((one) => `${one.stack} ${one.reason}`) };
  };
  const nothing = planOf();

  test.each<[string, readonly (Plan | "waits")[], readonly string[], readonly string[]]>([
    ["all stacks whose input does not change", [changing, changing, changing], all.map(({ id }) => id), []],
    ["no stack without changes", [nothing, nothing, nothing], [], []],
    [
      "the first stack of a first deploy",
      [changingOutput("endpoint", "bucket"), "waits", "waits"],
      ["dev-platform"],
      [
        "dev-addons can be planned when dev-platform is deployed",
        "dev-workload can be planned when dev-platform is deployed",
      ],
    ],
    [
      "no stack that reads a changing output, nor one that follows it",
      [changingOutput("endpoint"), changing, changing],
      ["dev-platform"],
      ["dev-addons reads endpoint of dev-platform, which this round changes", "dev-workload waits for dev-addons"],
    ],
    [
      "a stack that reads another output",
      [changingOutput("bucket"), changing, nothing],
      ["dev-platform", "dev-addons"],
      ["dev-workload reads bucket of dev-platform, which this round changes"],
    ],
    [
      "a stack, again later, that Terraform defers a part of",
      [planOf({ complete: false, resource_changes: [created] })],
      ["dev-platform"],
      ["dev-platform Terraform defers a part of its changes"],
    ],
  ])("has %s", (_, plans, now, later) => {
    expect(divided(...plans)).toEqual({ now, later });
  });

  test("takes a reference of another form for one to every output", () => {
    const json = '{"all":"{keys(data.terraform_remote_state.cross-stack-reference-input-dev-platform)}"}';
    const whole = stack("dev-whole", ["dev-platform"], json);
    const outcomes = [planned("dev-platform", changingOutput("endpoint")), planned("dev-whole", nothing)];
    expect(roundOf([platform, whole], outcomes).later).toEqual([
      { stack: "dev-whole", reason: "reads endpoint of dev-platform, which this round changes" },
    ]);
  });
});
