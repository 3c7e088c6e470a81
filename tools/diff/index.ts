import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { oneOf } from "../../constructs/support/problems.ts";
import { environments } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import { environmentOf, runTool, ToolError, tool } from "../support/tool.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Outcome, Report } from "./outcome.ts";
import { readPlan } from "./plan.ts";
import { planStack, type Refresh } from "./plan-stack.ts";
import { digestOf, hasChanges } from "./summary.ts";
import { differenceSince, type SynthesizedStack, synthesize } from "./synthesize.ts";
import { renderText } from "./text.ts";

interface Options {
  readonly all?: true;
  readonly stack?: readonly string[];
  readonly changedSince?: string;
  readonly plan?: readonly string[];
  readonly refresh?: boolean;
  readonly format: "text" | "markdown";
  readonly output?: string;
  readonly limit: number;
  readonly whole: string;
  readonly exitCode?: true;
  readonly digest?: string;
  readonly approved?: string;
}

/** `npm run diff`: what a deploy would change. */
function diff(names: readonly string[], options: Options): void {
  const report = options.plan !== undefined ? ofPlans(names, options.plan) : ofEnvironments(names, options);
  const markdown = () => renderMarkdown(report, options);
  if (options.output !== undefined) {
    writeFileSync(options.output, options.format === "markdown" ? markdown() : renderText(report));
  }
  // A file may be cut; the log never is.
  process.stdout.write(options.output === undefined && options.format === "markdown" ? markdown() : renderText(report));
  const digest = digestOf(report.outcomes);
  if (options.digest !== undefined) writeFileSync(options.digest, `${digest}\n`);

  if (options.exitCode === true && report.outcomes.some(hasChanges)) process.exitCode = 2;
  const failed = report.outcomes.filter(({ kind }) => kind === "failed").map(({ stack }) => stack);
  if (failed.length > 0) throw new ToolError(`not planned: ${failed.join(", ")}`);
  if (options.approved !== undefined && options.approved !== digest) {
    throw new ToolError("the plan is no longer the approved one: review it, and start again");
  }
}

function ofPlans(names: readonly string[], files: readonly string[]): Report {
  if (names.length > 0)
    throw new ToolError(`--plan: got environments too (${names.join(", ")}); allowed is one of both`);
  const outcomes = files.map((file): Outcome => {
    const stack = file === "-" ? "standard input" : basename(file).replace(/(\.tfplan)?(\.json)?$/, "");
    const plan = readPlan(read(file), file === "-" ? stack : file);
    return plan.errored === true
      ? {
          stack,
          notes: [],
          kind: "failed",
          step: "plan",
          error: "the plan was made in spite of errors, and is incomplete",
        }
      : { stack, notes: [], kind: "planned", plan };
  });
  return { subject: outcomes.map(({ stack }) => stack).join(", "), outcomes, remarks: [] };
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new ToolError(`--plan: cannot read ${file}: ${(error as Error).message}`);
  }
}

function ofEnvironments(names: readonly string[], options: Options): Report {
  const known = loadEnvironments(environments).map(({ name }) => name);
  if (options.all === true && names.length > 0) {
    throw new ToolError(`--all: got environments too (${names.join(", ")}); allowed is one of both`);
  }
  // With --changed-since the question is which, so that none named means all.
  const wanted = names.length === 0 && (options.all || options.changedSince) ? known : names;
  if (wanted.length === 0) throw new ToolError(`environment: got nothing; allowed is ${oneOf(known)}, or --all`);
  for (const name of wanted) environmentOf(name, undefined);

  process.stderr.write("synthesizing\n");
  const all = synthesize();
  // The longest name that fits: one environment's name may begin another's.
  const environmentOfStack = (id: string) =>
    known.filter((name) => id.startsWith(`${name}-`)).sort((a, b) => b.length - a.length)[0];
  const partOf = (id: string) => id.slice((environmentOfStack(id)?.length ?? -1) + 1);
  const ofWanted = all.filter(({ id }) => wanted.includes(environmentOfStack(id) ?? ""));
  const parts = [...new Set(ofWanted.map(({ id }) => partOf(id)))];
  for (const part of options.stack ?? []) {
    if (!parts.includes(part)) throw new ToolError(`--stack: got ${part}; allowed is ${oneOf(parts)}`);
  }
  const stacks = ofWanted.filter(({ id }) => options.stack?.includes(partOf(id)) ?? true);
  const subject = wanted.join(", ");
  if (options.changedSince === undefined) return { subject, outcomes: planAll(stacks, options), remarks: [] };

  process.stderr.write(`synthesizing what ${options.changedSince} and this have in common\n`);
  const { changed, removed, note } = differenceSince(options.changedSince, all);
  const touched = new Set([...changed].map(environmentOfStack));
  const remarks = [
    ...(note === undefined ? [] : [note]),
    ...removed.map(
      (id) => `${id} is synthesized no more: nothing destroys what it deployed, and it is managed no longer.`,
    ),
    ...wanted
      .filter((name) => !touched.has(name))
      .map(
        (name) =>
          `${name}: nothing that is synthesized has changed since ${options.changedSince}, so nothing was planned.`,
      ),
  ];
  const planned = stacks.filter(({ id }) => touched.has(environmentOfStack(id)));
  return { subject, outcomes: planAll(planned, options), remarks };
}

function planAll(stacks: readonly SynthesizedStack[], options: Options): Outcome[] {
  const refresh: Refresh = options.refresh === undefined ? "aws" : options.refresh ? "all" : "none";
  return stacks.map((stack) => {
    const started = Date.now();
    const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
    const outcome = planStack(stack, refresh, (step) => process.stderr.write(`${stack.id}: ${step}\n`));
    process.stderr.write(`${stack.id}: ${outcome.kind} after ${seconds()}\n`);
    return outcome;
  });
}

const collected = (value: string, before: readonly string[] = []) => [...before, value];

function characters(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 2000 && number <= 1_000_000) return number;
  throw new InvalidArgumentError("allowed is a number of characters from 2,000 to 1,000,000.");
}

const command: Command = tool(
  "diff",
  "Show what a deploy of environments would change. Nothing is changed, and no state is locked.",
)
  .argument("[environments...]", "of environments.ts")
  .option("--all", "every environment")
  .option(
    "--changed-since <ref>",
    "only environments that synthesize to something else than where this branch left <ref>",
  )
  .option("--stack <name>", "only this stack: platform, addons or workload (can be repeated)", collected)
  .option("--plan <file>", "a plan as JSON in place of environments, - for standard input (can be repeated)", collected)
  .option("--refresh", "also ask the cluster what is there now (default: only AWS)")
  .option("--no-refresh", "ask nobody: plan from the state alone")
  .addOption(new Option("--format <format>", "of the output").choices(["text", "markdown"]).default("text"))
  .option("--output <file>", "write it there; standard output then gets the text, never cut")
  .option(
    "--limit <characters>",
    "cut plans in markdown past so many; GitHub takes 65,536 in a comment",
    characters,
    65_000,
  )
  .option("--whole <where>", "what to say of where the whole is, when it was cut", "what `npm run diff` prints")
  .option("--exit-code", "exit with 2 when there are changes")
  .option("--digest <file>", "write a digest of the changes there")
  .option("--approved <digest>", "fail when the changes have another digest")
  .addHelpText("after", "\nExit code: 0, or 2 with changes and --exit-code; 1 when a stack cannot be planned.")
  .action(diff);

runTool(command);
