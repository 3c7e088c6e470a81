import "../../stacks/stack-traces.ts";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { basename, join } from "node:path";
import { Option } from "commander";
import { describeSeconds, oneOf } from "sweep-worker/contract";
import { environments } from "../../environments.ts";
import { PlanSaver, remarksOn } from "../saved-plans/write.ts";
import { environmentOf } from "../support/environment.ts";
import { environmentOfStack, type SynthesizedStack } from "../support/synthesize.ts";
import { endTerraformSession } from "../support/terraform-session.ts";
import { collected, refusal, runTool, ToolError, tool } from "../support/tool.ts";
import { differenceSince, synthesizeHere } from "./changed-stacks.ts";
import { comparedBills, removedStacks } from "./compared-bills.ts";
import { jobStarts, readBucket } from "./job-starts.ts";
import { renderLengths, renderMarkdown } from "./markdown.ts";
import type { Outcome, Report } from "./outcome.ts";
import { readPlan } from "./plan.ts";
import { planStack, type Refresh } from "./plan-stack.ts";
import { hasChanges } from "./summary.ts";
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
  readonly lengths?: string;
  readonly compareOnly?: true;
  readonly exitCode?: true;
  readonly savePlans?: string;
  readonly encryptFor?: string;
}

/** `npm run diff`: shows the changes of a deploy. */
async function diff(names: readonly string[], options: Options): Promise<void> {
  if (options.plan !== undefined && options.savePlans !== undefined) {
    throw refusal("--save-plans", "used without --plan", options.savePlans, "leave one of the two out");
  }
  const report = options.plan !== undefined ? ofPlans(names, options.plan) : await ofEnvironments(names, options);
  const markdown = () => renderMarkdown(report, options);
  if (options.output !== undefined) {
    writeFileSync(options.output, options.format === "markdown" ? markdown() : renderText(report));
  }
  // A file may be cut, but never the log.
  process.stdout.write(options.output === undefined && options.format === "markdown" ? markdown() : renderText(report));
  if (options.lengths !== undefined) writeLengths(report, options.lengths, options.whole);
  const isRemoving = (report.removed ?? []).length > 0 || report.isRemovedUnknown === true;
  if (options.exitCode === true && (isRemoving || report.outcomes.some(hasChanges))) process.exitCode = 2;
  const failed = report.outcomes.filter(({ kind }) => kind === "failed").map(({ stack }) => stack);
  if (failed.length > 0) throw new ToolError(`not planned: ${failed.join(", ")}`);
}

/** `01.md` is the longest. */
function writeLengths(report: Report, folder: string, whole: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [index, text] of renderLengths(report, whole).entries()) {
    writeFileSync(join(folder, `${String(index + 1).padStart(2, "0")}.md`), text);
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

async function ofEnvironments(names: readonly string[], options: Options): Promise<Report> {
  const known = environments.map(({ name }) => name);
  if (options.all === true && names.length > 0) {
    throw refusal("--all", "used without environments", names, "leave one of the two out");
  }
  // --changed-since selects the environments itself, so no name means all.
  const wanted = names.length === 0 && (options.all || options.changedSince) ? known : names;
  if (options.compareOnly === true && options.changedSince === undefined) {
    throw refusal("--compare-only", "used with --changed-since", true, "name the branch to compare with");
  }
  if (wanted.length === 0) throw refusal("environment", oneOf(known), undefined, "name one, or use --all");
  for (const name of wanted) environmentOf(name);
  const saver = saverFor(wanted, options);

  process.stderr.write("synthesizing\n");
  const { stacks: all, checked } = await synthesizeHere();
  const nameOf = (id: string) => environmentOfStack(id, known);
  const partOf = (id: string) => id.slice((nameOf(id)?.length ?? -1) + 1);
  const ofWanted = all.filter(({ id }) => wanted.includes(nameOf(id) ?? ""));
  const parts = [...new Set(ofWanted.map(({ id }) => partOf(id)))];
  for (const part of options.stack ?? []) {
    if (!parts.includes(part)) throw refusal("--stack", oneOf(parts), part, "name one of these");
  }
  const stacks = ofWanted.filter(({ id }) => options.stack?.includes(partOf(id)) ?? true);
  const subject = wanted.join(", ");
  if (options.changedSince === undefined) {
    const outcomes = await unless(checked, planAll(stacks, options, saver));
    const remarks = await saved(saver, subject, stacks, outcomes);
    return { subject, outcomes, remarks, cost: comparedBills(wanted, all, undefined) };
  }

  process.stderr.write(`synthesizing the common ancestor with ${options.changedSince}\n`);
  const { changed, removed, before, note } = differenceSince(options.changedSince, all);
  const touched = new Set([...changed].map(nameOf));
  const remarks = [
    ...(note === undefined ? [] : [note]),
    ...wanted
      .filter((name) => !touched.has(name))
      .map(
        (name) =>
          `${name}: its synthesized stacks have not changed since ${options.changedSince}, so nothing was planned.`,
      ),
  ];
  // A removed environment has no name to ask for, so only a question about all environments meets it.
  const gone = removed.filter((id) => names.length === 0 || wanted.includes(nameOf(id) ?? ""));
  const isRemovedUnknown = names.length === 0 && before === undefined;
  const compared = { subject, removed: removedStacks(gone, all, before ?? []), isRemovedUnknown };
  if (options.compareOnly === true) {
    const none = gone.length === 0 && note === undefined ? [`No stack of ${options.changedSince} is removed.`] : [];
    return {
      ...compared,
      outcomes: await unless(checked, Promise.resolve([])),
      remarks: note === undefined ? none : [note],
    };
  }
  const planned = stacks.filter(({ id }) => touched.has(nameOf(id)));
  const changing = wanted.filter((name) => touched.has(name));
  const cost = comparedBills(changing, all, before);
  return { ...compared, outcomes: await unless(checked, planAll(planned, options)), remarks, cost };
}

/** @throws ToolError if the options do not fit each other. */
function saverFor(names: readonly string[], options: Options): PlanSaver | undefined {
  const { savePlans, encryptFor, changedSince } = options;
  if (savePlans === undefined) {
    if (encryptFor === undefined) return undefined;
    throw refusal("--encrypt-for", "used with --save-plans", encryptFor, "name the folder that gets the plans");
  }
  if (names.length > 1 || changedSince !== undefined) {
    throw refusal("--save-plans", "used with one environment, and without --changed-since", names, "name only one");
  }
  return new PlanSaver(savePlans, encryptFor);
}

/** The sentences about the saved plans. Without the plan of a stack that failed, nothing is saved. */
async function saved(
  saver: PlanSaver | undefined,
  environment: string,
  stacks: readonly SynthesizedStack[],
  outcomes: readonly Outcome[],
): Promise<readonly string[]> {
  if (saver === undefined || outcomes.some(({ kind }) => kind === "failed")) return [];
  return remarksOn(await saver.save(environment, stacks, outcomes));
}

/** The result of work that goes on beside a check. @throws ToolError at once if the check fails. */
async function unless<T>(checked: Promise<void>, work: Promise<T>): Promise<T> {
  const [result] = await Promise.all([work, checked]);
  return result;
}

/** Plans several stacks at once. The outcomes have the order of the stacks. */
async function planAll(stacks: readonly SynthesizedStack[], options: Options, saver?: PlanSaver): Promise<Outcome[]> {
  const refresh: Refresh = options.refresh === undefined ? "aws" : options.refresh ? "all" : "none";
  const outcomes: Outcome[] = [];
  const waiting = [...stacks.entries()];
  const planNext = async (): Promise<void> => {
    const [index, stack] = waiting.shift() ?? [];
    if (index === undefined || stack === undefined) return;
    const started = performance.now();
    const progress = (step: string) => process.stderr.write(`${stack.id}: ${step}\n`);
    const planned = await planStack(stack, {
      refresh,
      progress,
      ...(saver === undefined ? {} : { keep: saver.fileOf(stack.id) }),
    });
    const outcome = { ...planned, notes: [...stack.remarks, ...planned.notes] };
    const seconds = (performance.now() - started) / 1000;
    process.stderr.write(`${stack.id}: ${outcome.kind} after ${describeSeconds(seconds)}\n`);
    outcomes[index] = withJobStarts(outcome);
    await planNext();
  };
  await Promise.all(Array.from({ length: plansAtOnce() }, planNext));
  return outcomes;
}

/** Twice the 0.54 GB that Terraform 1.11.4 and the AWS provider 5.100.0 took to plan the platform for the first time. */
const planBytes = 1024 ** 3;

/** As many plans as there are cores, if each has its memory. */
function plansAtOnce(): number {
  // Knows the limit of a container, and begins with Node.js 20.13.
  const freeBytes = process.availableMemory?.() ?? freemem();
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freeBytes / planBytes)));
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
    .option("--lengths <folder>", "write it as markdown in ever shorter forms too: 01.md, 02.md, ...")
    .option("--compare-only", "with --changed-since: only tell which stacks are removed; needs no credentials")
    .option("--exit-code", "exit with 2 if there are changes, or removed stacks")
    .option("--save-plans <folder>", "keep the plans of one environment, for npm run deploy -- <environment> --plans")
    .option("--encrypt-for <public key>", "encrypt the saved plans, which hold every value in clear (npm run plan-key)")
    .addHelpText(
      "after",
      "\nExit code: 0, or 2 with changes or removed stacks and --exit-code; 1 if a stack cannot be planned.",
    )
    .action((names: readonly string[], options: Options) => diff(names, options).finally(endTerraformSession)),
);
