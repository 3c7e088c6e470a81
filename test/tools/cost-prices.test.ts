import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dev } from "../../environments.ts";
import { priceFile, regionPrices } from "../../stacks/prices/price-table.ts";
import { environmentCost } from "../../tools/cost/environment-cost.ts";
import { instancePrice, readPrices } from "../../tools/cost/price-table.ts";
import { resources } from "../support/costs.ts";
import { devWith, resolved } from "../support/fixtures.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { messageOf } from "../support/synthesized.ts";

const directory = temporaryDirectory();

function pricesFile(name: string, content: unknown): string {
  const path = join(directory, `${name}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("every price names its page, and the day of a comparison or that there was none", () => {
  const { regions } = JSON.parse(readFileSync(priceFile, "utf8"));
  const names = Object.keys(regionPrices.unwrap().shape);
  for (const [region, prices] of Object.entries<Record<string, unknown>>(regions)) {
    expect([region, Object.keys(prices).sort()]).toEqual([region, [...names].sort()]);
    for (const [name, price] of Object.entries(prices)) {
      const { source, date } = price as { source?: string; date?: string | null };
      expect(`${name}: ${source}`).toMatch(/: https:\/\/aws\.amazon\.com\/[a-z0-9-]+\/pricing\//);
      // In a file of your own the day may be left out. Here somebody must have written that there is none.
      expect(`${name}: ${date}`).toMatch(/: (null|\d{4}-\d\d-\d\d)$/);
    }
  }
});

describe("a file of your own", () => {
  const usWest = readPrices().regions["us-west-2"];
  const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
  const cluster = { ...dev.cluster, availabilityZones: zones };
  const frankfurt = devWith({ region: "eu-central-1", availabilityZones: zones, cluster });

  test("adds a region; without it, an environment there gets the steps to add it", () => {
    const message = messageOf(() => environmentCost(resolved(frankfurt), resources(frankfurt), readPrices()));
    expect(message).toContain('region must be us-west-2, got "eu-central-1": add regions["eu-central-1"]');
    const prices = {
      ...usWest,
      natGateway: { usd: 0.052, per: "hour", source: "https://aws.amazon.com/vpc/pricing/" },
    };
    const table = readPrices(pricesFile("region", { date: "2026-12-01", regions: { "eu-central-1": prices } }));
    const { pricesOf, monthly } = environmentCost(resolved(frankfurt), resources(frankfurt), table);
    expect(pricesOf).toBe("2026-12-01");
    expect(monthly.lines.find(({ item }) => item === "NAT gateways")?.idle.most).toBeCloseTo(730 * 0.052, 6);
    expect(Object.keys(table.regions)).toEqual(["us-west-2", "eu-central-1"]);
  });

  test("without a type that a pool has is not enough, and the error names it", () => {
    const { "t3.large": _, ...others } = usWest?.instances.usdPerHour ?? {};
    const regions = { "eu-central-1": { ...usWest, instances: { ...usWest?.instances, usdPerHour: others } } };
    const table = readPrices(pricesFile("type", { regions }));
    expect(messageOf(() => environmentCost(resolved(frankfurt), resources(frankfurt), table))).toContain(
      'instanceTypes must be a type with a price in eu-central-1, got "t3.large": add regions["eu-central-1"].instances.usdPerHour["t3.large"]',
    );
  });

  test("adds a type to a region, as the error about the missing price proposes", () => {
    const type = "g6e.xlarge";
    expect(messageOf(() => instancePrice(readPrices(), "us-west-2", type))).toContain(
      `add regions["us-west-2"].instances.usdPerHour["${type}"] to stacks/prices/prices.json, or to a file for --prices`,
    );
    const regions = { "us-west-2": { instances: { usdPerHour: { [type]: { onDemand: 2 } } } } };
    const table = readPrices(pricesFile("one-type", { regions }));
    expect(instancePrice(table, "us-west-2", type).onDemand).toBe(2);
    const { [type]: _, ...others } = table.regions["us-west-2"]?.instances.usdPerHour ?? {};
    const instances = { ...table.regions["us-west-2"]?.instances, usdPerHour: others };
    expect({ ...table.regions["us-west-2"], instances }).toEqual(usWest);
  });

  test("replaces one price of a region and leaves the others", () => {
    const natGateway = { usd: 0.04, per: "hour", source: "https://aws.amazon.com/vpc/pricing/" };
    const { regions } = readPrices(pricesFile("one-price", { regions: { "us-west-2": { natGateway } } }));
    expect(regions).toEqual({ "us-west-2": { ...usWest, natGateway } });
  });

  test("changes assumptions and leaves the others and their units; the reason is the file", () => {
    const spotShareOfOnDemand = { least: 0.2, most: 0.5 };
    const path = pricesFile("assumption", { assumptions: { flowLogGbPerMonth: 40, spotShareOfOnDemand } });
    const why = `written in ${path}`;
    expect(readPrices(path).assumptions).toEqual({
      ...readPrices().assumptions,
      flowLogGbPerMonth: { value: 40, unit: "GB a month", why },
      spotShareOfOnDemand: { ...spotShareOfOnDemand, unit: "of the on-demand price", why },
    });
  });

  test.each([
    ["{", "--prices must be a readable file of JSON"],
    [{ regions: { x: { natGateway: { usd: "0.05", per: "day" } } } }, "regions.x.natGateway.usd"],
    [{ regions: { "eu-central-1": { instances: { usdPerHour: {} } } } }, "regions.eu-central-1.natGateway: "],
    [{ assumptions: { flowLogGb: 40 } }, 'assumptions: Unrecognized key: "flowLogGb"'],
    [{ region: {} }, 'Unrecognized key: "region"'],
    [{ date: "today" }, "date: "],
  ])("that is no price table is refused with all its problems: %j", (content, part) => {
    const path = pricesFile("bad", content);
    const message = messageOf(() => readPrices(path));
    expect(message).toContain(path);
    expect(message).toContain(part);
  });
});
