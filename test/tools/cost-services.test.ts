import { fixed } from "../../constructs/pools/capacity.ts";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { environmentCost } from "../../tools/cost/environment-cost.ts";
import { environmentReport } from "../../tools/cost/report.ts";
import { resources, table } from "../support/costs.ts";
import { devWithExecutors } from "../support/executors.ts";
import { resolved } from "../support/fixtures.ts";
import { devWithServices } from "../support/services.ts";

// Without resources: their prices have a test of their own.
const costOf = (environment: Environment) => environmentCost(resolved(environment), [], table);

test("services add nothing to the bill, because the nodes that are always there have the room", () => {
  const all = (environment: Environment) =>
    environmentCost(resolved(environment), resources(environment), table).monthly;
  const { notPriced, idle, maximum } = all(devWithServices);
  expect(notPriced).toEqual([]);
  expect({ idle, maximum }).toEqual((({ idle, maximum }) => ({ idle, maximum }))(all(devWithExecutors)));
});

test("the report says what services ask for, beside KEDA where there is any", () => {
  expect(costOf(devWithServices).services).toEqual({
    fits: true,
    text: "The page and the API ask for 300m, 750m when they are busy, the other programs of the platform and KEDA for 920m, and the nodes that are always on (2 of general) have 3,300m: they fit, so that they cost nothing beside requests to the bucket",
  });
  const alone = costOf({ ...dev, services: { minReplicas: 3 } });
  expect(alone.services?.text).toMatch(/^The page and the API ask for 450m, .* the platform for 620m, /);
  expect(environmentReport(alone)).toContain(`\n${alone.services?.text}.\n`);
  expect(costOf(dev).services).toBeUndefined();
  expect(environmentReport(costOf(dev))).not.toContain("The page and the API");
});

test("services that do not fit are a warning of another node", () => {
  const general = { instanceTypes: ["t3.large"], capacity: fixed(1) };
  const environment = (minReplicas: number, maxReplicas: number): Environment => ({
    ...dev,
    nodePools: { ...dev.nodePools, general: { ...general, capacityType: "ON_DEMAND" } },
    services: { minReplicas, maxReplicas },
  });
  const busy = costOf(environment(2, 9));
  expect(busy.services).toMatchObject({
    fits: true,
    text: expect.stringMatching(
      /: they fit while they are idle, and the autoscaler buys another node when they are busy$/,
    ),
  });
  const idle = costOf(environment(8, 9));
  expect(idle.services).toMatchObject({
    fits: false,
    text: expect.stringMatching(/: the autoscaler buys another node for them, and keeps it$/),
  });
  expect(environmentReport(idle)).toContain("\nWarning: The page and the API ask for 1,200m");
});
