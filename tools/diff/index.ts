import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { Option } from "commander";
import { describeSeconds, oneOf } from "sweep-worker/contract";
import { environments } from "../../environments.ts";
import { environmentOf } from "../support/environment.ts";
import { environmentOfStack, type SynthesizedStack } from "../support/synthesize.ts";
import { collected, refusal, runTool, ToolError, tool } from "../support/tool.ts";
import { differenceSince, synthesizeHere } from "./changed-stacks.ts";
import { jobStarts, readBucket } from "./job-starts.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Outcome, Report } from "./outcome.ts";
import { readPlan } from "./plan.ts";
import { planStack, type Refresh } from "./plan-stack.ts";
import { digestOf, hasChanges } from "./summary.ts";
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

/** `npm run diff`: shows the changes of a deploy. */
function diff(names: readonly string[], options: Options): void {
  const report = options.plan !== undefined ? ofPlans(names, options.plan) : ofEnvironments(names, options);
  const markdown = () => renderMarkdown(report, options);
  if (options.output !== undefined) {
    writeFileSync(options.output, options.format === "markdown" ? markdown() : renderText(report));
  }
  // A file may be cut, but never the log.
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
  if (names.length > 0) throw refusal("--plan", "used without environments", names, "leave one of the two out");
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
      : withJobStarts({ stack, notes: [], kind: "planned", plan });
  });
  return { subject: outcomes.map(({ stack }) => stack).join(", "), outcomes, remarks: [] };
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw refusal("--plan", "a readable file", file, (error as Error).message);
  }
}

function ofEnvironments(names: readonly string[], options: Options): Report {
  const known = environments.map(({ name }) => name);
  if (options.all === true && names.length > 0) {
    throw refusal("--all", "used without environments", names, "leave one of the two out");
  }
  // --changed-since selects the environments itself, so no name means all.
  const wanted = names.length === 0 && (options.all || options.changedSince) ? known : names;
  if (wanted.length === 0) throw refusal("environment", oneOf(known), undefined, "name one, or use --all");
  for (const name of wanted) environmentOf(name);

  process.stderr.write("synthesizing\n");
  const all = synthesizeHere();
  const nameOf = (id: string) => environmentOfStack(id, known);
  const partOf = (id: string) => id.slice((nameOf(id)?.length ?? -1) + 1);
  const ofWanted = all.filter(({ id }) => wanted.includes(nameOf(id) ?? ""));
  const parts = [...new Set(ofWanted.map(({ id }) => partOf(id)))];
  for (const part of options.stack ?? []) {
    if (!parts.includes(part)) throw refusal("--stack", oneOf(parts), part, "name one of these");
  }
  const stacks = ofWanted.filter(({ id }) => options.stack?.includes(partOf(id)) ?? true);
  const subject = wanted.join(", ");
  if (options.changedSince === undefined) return { subject, outcomes: planAll(stacks, options), remarks: [] };

  process.stderr.write(`synthesizing the common ancestor with ${options.changedSince}\n`);
  const { changed, removed, note } = differenceSince(options.changedSince, all);
  const touched = new Set([...changed].map(nameOf));
  const remarks = [
    ...(note === undefined ? [] : [note]),
    ...removed.map(
      (id) => `${id} is no longer synthesized: its resources are no longer managed, and nothing destroys them.`,
    ),
    ...wanted
      .filter((name) => !touched.has(name))
      .map(
        (name) =>
          `${name}: its synthesized stacks have not changed since ${options.changedSince}, so nothing was planned.`,
      ),
  ];
  const planned = stacks.filter(({ id }) => touched.has(nameOf(id)));
  return { subject, outcomes: planAll(planned, options), remarks };
}

function planAll(stacks: readonly SynthesizedStack[], options: Options): Outcome[] {
  const refresh: Refresh = options.refresh === undefined ? "aws" : options.refresh ? "all" : "none";
  return stacks.map((stack) => {
    const started = Date.now();
    const planned = planStack(stack, refresh, (step) => process.stderr.write(`${stack.id}: ${step}\n`));
    const outcome = { ...planned, notes: [...stack.remarks, ...planned.notes] };
    process.stderr.write(`${stack.id}: ${outcome.kind} after ${describeSeconds((Date.now() - started) / 1000)}\n`);
    return withJobStarts(outcome);
  });
}

/** The bucket's content is no part of the digest: a run goes on between the plan and its approval. */
function withJobStarts(outcome: Outcome): Outcome {
  if (outcome.kind !== "planned") return outcome;
  return { ...outcome, notes: [...outcome.notes, ...jobStarts(outcome.plan, readBucket)] };
}

function characters(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 2000 && value <= 1_000_000) return value;
  throw refusal("--limit", "a whole number from 2,000 to 1,000,000", text, "use for example 30000");
}

runTool(
  tool("npm run diff --", "Show the changes of a deploy. Nothing is changed, and no state is locked.")
    .argument("[environments...]", "some of environments.ts")
    .option("--all", "every environment")
    .option("--changed-since <ref>", "only environments whose synthesized stacks changed since this branch left <ref>")
    .option("--stack <name>", "only this stack: platform, addons, image or workload (can be repeated)", collected)
    .option(
      "--plan <file>",
      "a plan as JSON instead of environments, - for standard input (can be repeated)",
      collected,
    )
    .option("--refresh", "refresh from the cluster too (default: only from AWS)")
    .option("--no-refresh", "plan from the state alone")
    .addOption(new Option("--format <format>", "output format").choices(["text", "markdown"]).default("text"))
    .option("--output <file>", "write to a file; standard output then gets the text, never cut")
    .option(
      "--limit <characters>",
      "cut plans in markdown to this length; GitHub takes 65,536 in a comment",
      characters,
      65_000,
    )
    .option("--whole <where>", "place of the complete plans, for the note in a cut one", "printed by `npm run diff`")
    .option("--exit-code", "exit with 2 if there are changes")
    .option("--digest <file>", "write a digest of the changes to a file")
    .option("--approved <digest>", "fail if the changes have another digest")
    .addHelpText("after", "\nExit code: 0, or 2 with changes and --exit-code; 1 if a stack cannot be planned.")
    .action(diff),
);
