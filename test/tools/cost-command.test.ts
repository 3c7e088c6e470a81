import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentCost } from "../../tools/cost/environment-cost.ts";
import { instancePrice, readPrices } from "../../tools/cost/price-table.ts";
import { resourcesOf } from "../../tools/cost/synthesized.ts";
import { devWith, resolved } from "../support/fixtures.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { messageOf } from "../support/synthesized.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const repository = join(__dirname, "..", "..");
const directory = temporaryDirectory();

/** Runs `npm run cost`. */
function cost(args: readonly string[], env: Record<string, string> = {}) {
  const program = [process.execPath, "--import", "tsx", "tools/cost/index.ts", ...args];
  return startProgram(program, { cwd: repository, env }).finished;
}

function pricesFile(name: string, content: unknown): string {
  const path = join(directory, `${name}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("cost prints the bill of an environment, what makes most of it, and what one run adds", async () => {
  const { code, stdout, stderr } = await cost(["dev"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const line of [
    /│ idle, a month +│ +\$\d+ │/,
    /│ EKS control plane +│ 730 h x \$0\.1, Kubernetes 1\.35 +│ +\$73 │ +\$73 │/,
    /│ total +│ us-west-2, prices of 2026-11-21 +│ +\$\d+ │/,
    /^Largest item of the idle bill: nodes of general, \$121\. Less with: a smaller minimum/m,
    /^One run of ttg-computation: 10,000,000 parameters take 3 min/m,
    /│ machines: 1 x c5\.2xlarge, 0\.1 h in all +│ \$0\.\d\d to \$0\.\d\d │ +\$0\.\d\d │/,
  ]) {
    expect(stdout).toMatch(line);
  }
  expect(stdout).not.toContain("not priced");
});

test("cost puts environments side by side", async () => {
  const { stdout } = await cost(["--all"]);
  expect(stdout).toMatch(/│ US dollars +│ +dev │ +prod │/);
  const [idle, atMost] = ["idle, a month", "every pool at its maximum"].map((label) => {
    const line = stdout.split("\n").find((candidate) => candidate.startsWith(`│ ${label}`)) ?? "";
    return [...line.matchAll(/\$([\d,]+)/g)].map(([, amount = ""]) => Number(amount.replace(",", "")));
  });
  // Three NAT gateways and flow logs; and pools that may grow five times as large.
  expect(idle?.[1]).toBeGreaterThan(idle?.[0] ?? Number.NaN);
  expect(atMost?.[2]).toBeGreaterThan(3 * (atMost?.[0] ?? Number.NaN));
});

test("cost computes with a duration that is given, as text and as JSON", async () => {
  const [text, json] = await Promise.all([
    cost(["dev", "--seconds-per-parameter", "0.01"]),
    cost(["--environment", "dev", "--seconds-per-parameter", "0.01", "--json"]),
  ]);
  const [{ name, sweeps }] = JSON.parse(json.stdout).environments;
  // 100,000 core-seconds for three pods of half a core.
  expect({ name, seconds: sweeps[0].prediction.computeSeconds }).toEqual({
    name: "dev",
    seconds: expect.closeTo(66_666.7, 1),
  });
  expect(text.stdout).toContain("A parameter takes 10 ms of a core: --seconds-per-parameter.");
});

test("cost shows the user's example", async () => {
  const { stdout } = await cost(["--example"]);
  expect(stdout).toMatch(/│ always on +│ +3,650 │ +\$621 │ +\$641 │/);
  expect(stdout).toMatch(/│ from zero, when needed +│ +58\.8 │ +\$9\.99 │ +\$10 │/);
  expect(stdout).toContain("22 batches of 24 minutes");
  expect(stdout).toContain("About $10 pays for that");
});

test.each([
  [[], "environment must be dev or prod, got nothing: name one of environments.ts"],
  [["dev", "staging"], 'environment must be dev or prod, got "staging": name one of environments.ts'],
  [
    ["dev", "--seconds-per-parameter", "fast"],
    '--seconds-per-parameter must be a number above 0, got "fast": use for example 0.002; npx sweep plan measures it',
  ],
  [["--all", "dve"], '--all must be used without environments, got ["dve"]: leave one of the two out'],
  [["--all", "--environment", "dev"], '--all must be used without environments, got ["dev"]: leave one of the two out'],
  [["--example", "--all", "dev"], '--all must be used without environments, got ["dev"]: leave one of the two out'],
  [["--example", "dev"], '--example must be used without environments, got ["dev"]: leave one of the two out'],
  [["--example", "--all"], '--example must be used alone, got "--all": leave one of the two out'],
  [["dev", "--prices", "/none.json"], '--prices must be a readable file of JSON, got "/none.json": ENOENT'],
])("cost refuses %j", async (args, message) => {
  const { code, stdout, stderr } = await cost(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
});

test("cost reports an invalid environment, without a stack trace", async () => {
  const { code, stderr } = await cost(["dev"], { PLATFORM_PROD_ACCOUNT_ID: "mine" });
  expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 2 });
  expect(stderr).toMatch(/- prod\.accountId must be .*, got "mine": /);
});

test("cost has a help text", async () => {
  const { code, stdout } = await cost(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: npm run cost -- [options] [environments...]");
});

describe("a file of your own", () => {
  const usWest = readPrices().regions["us-west-2"];
  const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
  const frankfurt = devWith({ region: "eu-central-1", availabilityZones: zones });
  const all = () => Object.values(synthesizeEnvironment(frankfurt)).flatMap(({ json }) => resourcesOf(json));

  test("adds a region; without it, an environment there gets the steps to add it", () => {
    const message = messageOf(() => environmentCost(resolved(frankfurt), all(), readPrices()));
    expect(message).toContain('region must be us-west-2, got "eu-central-1": add regions["eu-central-1"]');
    const prices = {
      ...usWest,
      natGateway: { usd: 0.052, per: "hour", source: "https://aws.amazon.com/vpc/pricing/" },
    };
    const table = readPrices(pricesFile("region", { date: "2026-12-01", regions: { "eu-central-1": prices } }));
    const { pricesOf, monthly } = environmentCost(resolved(frankfurt), all(), table);
    expect(pricesOf).toBe("2026-12-01");
    expect(monthly.lines.find(({ item }) => item === "NAT gateways")?.idle.most).toBeCloseTo(730 * 0.052, 6);
    expect(Object.keys(table.regions)).toEqual(["us-west-2", "eu-central-1"]);
  });

  test("without a type that a pool has is not enough, and the error names it", () => {
    const { "t3.large": _, ...others } = usWest?.instances.usdPerHour ?? {};
    const regions = { "eu-central-1": { ...usWest, instances: { ...usWest?.instances, usdPerHour: others } } };
    const table = readPrices(pricesFile("type", { regions }));
    expect(messageOf(() => environmentCost(resolved(frankfurt), all(), table))).toContain(
      'instanceTypes must be a type with a price in eu-central-1, got "t3.large": add regions["eu-central-1"].instances.usdPerHour["t3.large"]',
    );
  });

  test("adds a type to a region, as the error about the missing price proposes", () => {
    const type = "g6e.xlarge";
    expect(messageOf(() => instancePrice(readPrices(), "us-west-2", type))).toContain(
      `add regions["us-west-2"].instances.usdPerHour["${type}"] to tools/cost/prices.json, or to a file for --prices`,
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

  test("changes an assumption and leaves the others", () => {
    const { assumptions } = readPrices(pricesFile("assumption", { assumptions: { flowLogGbPerMonth: 40 } }));
    expect(assumptions).toEqual({ ...readPrices().assumptions, flowLogGbPerMonth: 40 });
  });

  test.each([
    ["{", "--prices must be a readable file of JSON"],
    [{ regions: { x: { natGateway: { usd: "0.05", per: "day" } } } }, "regions.x.natGateway.usd"],
    [{ regions: { "eu-central-1": { instances: { usdPerHour: {} } } } }, "regions.eu-central-1.natGateway: "],
    [{ region: {} }, 'Unrecognized key: "region"'],
    [{ date: "today" }, "date: "],
  ])("that is no price table is refused with all its problems: %j", (content, part) => {
    const path = pricesFile("bad", content);
    const message = messageOf(() => readPrices(path));
    expect(message).toContain(path);
    expect(message).toContain(part);
  });
});
