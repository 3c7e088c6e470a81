import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dev, prod } from "../../environments.ts";
import { environmentCost } from "../../tools/cost/environment-cost.ts";
import { example } from "../../tools/cost/example.ts";
import { instancePrice, readPrices } from "../../tools/cost/price-table.ts";
import { exampleReport, summary } from "../../tools/cost/report.ts";
import { resourcesOf } from "../../tools/cost/synthesized.ts";
import { resolved } from "../support/fixtures.ts";
import { codeBlocks, readme } from "../support/readme.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const text = readFileSync(join(__dirname, "../../docs/cost.md"), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``, "g"))].map(([, block = ""]) => block);
const table = readPrices();
const directory = temporaryDirectory();

test("the README and docs/cost.md show what the commands print", () => {
  const costs = [dev, prod].map((environment) => {
    const resources = Object.values(synthesizeEnvironment(environment)).flatMap(({ json }) => resourcesOf(json));
    return environmentCost(resolved(environment), resources, table);
  });
  expect(codeBlocks(readme).filter(({ code }) => code.includes("idle, a month"))).toEqual([
    { language: "text", code: `${summary(costs)}\n` },
  ]);
  expect(blocks("text")).toEqual([exampleReport(example(table))]);
});

test("docs/cost.md names every assumption, with its value", () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [name, value]);
  const expected = Object.entries(table.assumptions).map(([name, value]) => [
    name,
    typeof value === "number" ? String(value) : `${value.least} to ${value.most}`,
  ]);
  expect(rows).toEqual(expected);
});

test("the file of prices in docs/cost.md is one that is read", () => {
  const path = join(directory, "prices.json");
  writeFileSync(path, blocks("json")[0] ?? "");
  const { date, measured, regions } = readPrices(path);
  expect({ date, seconds: measured.mine?.secondsPerParameter }).toEqual({ date: "2026-12-01", seconds: 0.002 });
  expect(instancePrice({ ...table, regions }, "us-west-2", "c5.9xlarge").onDemand).toBe(1.53);
});
