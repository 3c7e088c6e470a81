import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { environmentOf, runTool, ToolError, tool } from "../support/tool.ts";
import { environmentCost } from "./environment-cost.ts";
import { example } from "./example.ts";
import { readPrices } from "./price-table.ts";
import { environmentReport, exampleReport, notes, summary } from "./report.ts";
import { synthesizedResources } from "./synthesized.ts";

interface Options {
  readonly environment?: string;
  readonly all?: boolean;
  readonly example?: boolean;
  readonly json?: boolean;
  readonly prices?: string;
  readonly secondsPerParameter?: string;
}

/** `npm run cost`: what the synthesized stacks cost. */
function cost(names: readonly string[], options: Options): void {
  const table = readPrices(options.prices);
  const wanted = [...new Set([...names, ...(options.environment === undefined ? [] : [options.environment])])];
  if (wanted.length > 0 && (options.all || options.example)) {
    const option = options.all ? "--all" : "--example";
    throw new ToolError(`${option}: got environments too (${wanted.join(", ")}); allowed is one of both`);
  }
  if (options.example) {
    if (options.all) throw new ToolError("--example: got --all too; allowed is one of both");
    const computed = example(table);
    print(options.json ? JSON.stringify(computed, undefined, 2) : exampleReport(computed));
    return;
  }
  const secondsPerParameter = positive(options.secondsPerParameter);
  const chosen = chosenEnvironments(wanted, options.all);
  const resources = synthesizedResources(chosen.map(({ name }) => name));
  const costs = chosen.map((environment) =>
    environmentCost(environment, resources.get(environment.name) ?? [], table, secondsPerParameter),
  );
  if (options.json) print(JSON.stringify({ environments: costs }, undefined, 2));
  else print([summary(costs), ...costs.map(environmentReport), notes(table)].join("\n\n"));
}

function chosenEnvironments(wanted: readonly string[], all = false): readonly ResolvedEnvironment[] {
  if (all) return loadEnvironments(environments);
  return wanted.length === 0
    ? [environmentOf(undefined, undefined)]
    : wanted.map((name) => environmentOf(name, undefined));
}

function positive(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new ToolError(
    `--seconds-per-parameter: got ${JSON.stringify(text)}; allowed is a number above 0, for example 0.002; npx sweep plan measures it`,
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

runTool(
  tool(
    "cost",
    "Print what environments cost: idle, at most, and for one run of each job. Reads the synthesized stacks.",
  )
    .argument("[environments...]", "some of environments.ts")
    .option("--environment <name>", "the same, as an option")
    .option("--all", "all environments, side by side")
    .option("--example", "five c5.xlarge all month, against the same machines from zero")
    .option("--seconds-per-parameter <seconds>", "of one core, for every job (default: what was measured)")
    .option("--prices <file>", "prices of your own, beside or in place of tools/cost/prices.json")
    .option("--json", "for programs; npx sweep plan reads it")
    .action(cost),
);
