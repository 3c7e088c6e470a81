import { readFileSync } from "node:fs";
import { join } from "node:path";
import { costShapes, fleets, type Simulated, simulate } from "../../bench/queue-simulation.ts";
import { prod } from "../../environments.ts";
import { environmentFacts } from "../../tools/cost/environment.ts";
import { showDollars } from "../../tools/cost/money.ts";
import { sweepCost } from "../../tools/cost/prediction.ts";
import { readPrices } from "../../tools/cost/price-table.ts";
import { MESSAGES_OF_A_SLICE, messageUsd } from "../../tools/cost/queue-requests.ts";
import { resolved } from "../support/fixtures.ts";

const text = readFileSync(join(__dirname, "../../docs/queue.md"), "utf8");
/** The cells of a table's rows, by the first cell. */
const rows = new Map(
  text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, first = "", ...cells]) => [first, cells.slice(0, -1)] as const),
);

test.each(Object.keys(costShapes))("docs/queue.md shows the simulated runs of the costs %j", (shape) => {
  const run = { executors: 50, slots: 2, idealSeconds: 600, sliceSeconds: 30 };
  const simulated = Object.keys(fleets).map((fleet) => {
    const { efficiency, messages } = simulate({ ...run, fleet, shape } as Simulated);
    return `${efficiency.toFixed(3)}, ${messages.toLocaleString("en")}`;
  });
  expect(rows.get(shape)).toEqual(simulated);
});

test("docs/queue.md has the fleets of the simulation, and its prices are those of the table", () => {
  expect(rows.get("costs of the parameters")).toEqual(Object.keys(fleets));
  const executors = [{ size: "large" } as const];
  const environment = { ...prod, workload: { ...prod.workload, executors } };
  const facts = environmentFacts(resolved(environment), readPrices());
  const [large] = facts.executors;
  if (large === undefined) throw new Error("prod has executors");
  const { nodes, node, slots, sliceSeconds, running } = large;
  const usd = messageUsd(large, facts.storage);
  const idle = (175_200 * facts.storage.usdPerMillionQueueRequests) / 1_000_000;
  const hour = sweepCost(node, nodes * 3600, nodes * 3600 * node.vCpus);
  const anHour = (running * slots * 3600 * MESSAGES_OF_A_SLICE) / sliceSeconds;
  const shown = (amount: number) => showDollars({ least: amount, most: amount });
  const priceOf = (beginning: string) => [...rows].find(([first]) => first.startsWith(beginning))?.[1].at(-1);
  expect(priceOf("an idle queue, a month")).toBe(shown(idle));
  expect(priceOf("10,000 messages")).toBe(shown(10_000 * usd));
  expect(priceOf("50 executors on nine c5.4xlarge, an hour")).toBe(showDollars(hour.spotUsd));
  expect(text).toContain(`on demand ${shown(hour.onDemandUsd)}`);
  expect(priceOf("their messages, an hour")).toBe(shown(anHour * usd));
});
