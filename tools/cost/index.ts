import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { environmentOf } from "../support/environment.ts";
import { positiveNumber, refusal, runTool, tool } from "../support/tool.ts";
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

/** `npm run cost`: prints the cost of environments. */
function cost(names: readonly string[], options: Options): void {
  const table = readPrices(options.prices);
  const wanted = [...new Set([...names, ...(options.environment === undefined ? [] : [options.environment])])];
  if (wanted.length > 0 && (options.all || options.example)) {
    throw refusal(options.all ? "--all" : "--example", "used without environments", wanted, "leave one of the two out");
  }
  if (options.example) {
    if (options.all) throw refusal("--example", "used alone", "--all", "leave one of the two out");
    const computed = example(table);
    print(options.json ? JSON.stringify(computed, undefined, 2) : exampleReport(computed));
    return;
  }
  const { secondsPerParameter: given } = options;
  const secondsPerParameter =
    given === undefined ? undefined : positiveNumber("--seconds-per-parameter", given, measure);
  const chosen = chosenEnvironments(wanted, options.all);
  const resources = synthesizedResources();
  const costs = chosen.map((environment) =>
    environmentCost(environment, resources.get(environment.name) ?? [], table, secondsPerParameter),
  );
  if (options.json) print(JSON.stringify({ environments: costs }, undefined, 2));
  else print([summary(costs), ...costs.map(environmentReport), notes(table)].join("\n\n"));
}

const measure = "use for example 0.002; ./sweep plan measures it";

function chosenEnvironments(wanted: readonly string[], all = false): readonly ResolvedEnvironment[] {
  if (all) return loadEnvironments(environments);
  return wanted.length === 0 ? [environmentOf(undefined)] : wanted.map((name) => environmentOf(name));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

runTool(
  tool("npm run cost --", "Print the cost of environments: idle, at most, and for one run of each job.")
    .argument("[environments...]", "some of environments.ts")
    .option("--environment <name>", "the same, as an option")
    .option("--all", "all environments, side by side")
    .option("--example", "compare five c5.xlarge that run all month with the same machines from zero")
    .option("--seconds-per-parameter <seconds>", "time on one core, for every job (default: as measured)")
    .option("--prices <file>", "your own prices, which add to stacks/prices/prices.json or replace its entries")
    .option("--json", "print JSON")
    .action(cost),
);
