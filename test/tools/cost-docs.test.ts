import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatCount } from "sweep-worker/contract";
import { dev, prod } from "../../environments.ts";
import { example } from "../../tools/cost/example.ts";
import { instancePrice, readPrices } from "../../tools/cost/price-table.ts";
import { exampleReport, notes, summary } from "../../tools/cost/report.ts";
import { costOf, table } from "../support/costs.ts";
import { codeBlocks, readme } from "../support/readme.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const text = readFileSync(join(__dirname, "../../docs/cost.md"), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``, "g"))].map(([, block = ""]) => block);
const directory = temporaryDirectory();

test("the README and docs/cost.md show what the commands print", () => {
  const costs = [dev, prod].map((environment) => costOf(environment));
  expect(codeBlocks(readme).filter(({ code }) => code.includes("idle, a month"))).toEqual([
    { language: "text", code: `${summary(costs)}\n` },
  ]);
  expect(blocks("text")).toEqual([exampleReport(example(table))]);
});

test("docs/cost.md names every assumption and everything that is not counted, as the price file does", () => {
  const flat = text.replace(/\n {2}/g, " ");
  const list = (heading: string) => {
    const [section = ""] = (flat.split(`\n## ${heading}\n`)[1] ?? "").split("\n## ");
    return [...section.matchAll(/^- (.*)$/gm)].map(([, item]) => item);
  };
  const { assumptions, notIncluded } = table;
  const amountOf = (one: (typeof assumptions)[keyof typeof assumptions]) =>
    "value" in one ? formatCount(one.value) : `${one.least} to ${one.most}`;
  expect(list("Assumptions")).toEqual(
    Object.entries(assumptions).map(([name, one]) => `\`${name}\`, ${amountOf(one)} ${one.unit}: ${one.why}`),
  );
  expect(list("What is not counted")).toEqual(notIncluded.map(({ what, why }) => `${what}: ${why}`));
});

test("npm run cost prints every assumption, and everything that is not counted", () => {
  const lines = notes(table).split("\n");
  expect(lines[0]).toMatch(/ 2\d of 2\d have no day on which somebody compared them with their page\.$/);
  expect(lines).toContain(
    "  natGbPerMonth: 5 GB a month (the autoscaler, KEDA and the agents of the nodes that are always on ask AWS all the time)",
  );
  expect(lines).toContain("  DNS queries: CoreDNS answers in the cluster, and the resolver of a VPC is free");
  expect(lines).toHaveLength(3 + Object.keys(table.assumptions).length + table.notIncluded.length);
});

test("the file of prices in docs/cost.md is one that is read", () => {
  const path = join(directory, "prices.json");
  writeFileSync(path, blocks("json")[0] ?? "");
  const { date, measured, regions } = readPrices(path);
  expect({ date, seconds: measured.mine?.secondsPerParameter }).toEqual({ date: "2026-12-01", seconds: 0.002 });
  expect(instancePrice({ ...table, regions }, "us-west-2", "c5.9xlarge").onDemand).toBe(1.53);
});
