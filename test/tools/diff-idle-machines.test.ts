import { warningsOf } from "../../tools/diff/summary.ts";
import { plan } from "../support/plan-changes.ts";

describe("machines that run all the time", () => {
  const group = (min_size: number, instance_type = "c5.2xlarge", capacity_type = "ON_DEMAND") => ({
    scaling_config: [{ min_size }],
    instance_types: [instance_type],
    capacity_type,
  });
  const raised = (type: string, capacity: string, region?: string) =>
    warningsOf(
      "dev",
      plan(
        [
          {
            address: "aws_eks_node_group.x",
            type: "aws_eks_node_group",
            change: { actions: ["update"], before: group(0, type, capacity), after: group(2, type, capacity) },
          },
        ],
        region === undefined
          ? {}
          : { configuration: { provider_config: { aws: { expressions: { region: { constant_value: region } } } } } },
      ),
    );

  test("are a quieter warning with the price of a month, at most that of machines on demand", () => {
    const [{ severity, because, effect } = { effect: "" }] = raised("c5.2xlarge", "ON_DEMAND", "us-west-2");
    expect({ severity, because }).toEqual({ severity: "notice", because: "scaling_config[0].min_size: 0 -> 2" });
    const [, price = ""] =
      /^2 more run all the time, with or without work: \$([\d,]+) a month for c5.2xlarge, without volumes$/.exec(
        effect,
      ) ?? [];
    expect(Number(price.replace(",", ""))).toBeGreaterThan(100);
    expect(raised("c5.2xlarge", "SPOT", "us-west-2")[0]?.effect).toContain(`to $${price} a month for c5.2xlarge, spot`);
  });

  test.each([
    ["unheard.of", "us-west-2"],
    ["c5.2xlarge", "moon-1"],
    ["c5.2xlarge", undefined],
  ])("have an unknown price as %s in %s, which is no error", (type, region) => {
    expect(raised(type, "ON_DEMAND", region)[0]?.effect).toBe(
      "2 more run all the time, with or without work: its price is not known here, see npm run cost",
    );
  });
});
