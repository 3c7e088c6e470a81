import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { localStateFile, type SynthesizedStack } from "../support/synthesize.ts";
import { initArguments, type TerraformResult } from "../support/terraform.ts";
import { terraformSession } from "../support/terraform-session.ts";
import { errorsOf, errorText, type PrintedDiagnostic, readPrinted } from "./diagnostics.ts";
import { keptSizes } from "./kept-sizes.ts";
import type { Diagnostic, Outcome } from "./outcome.ts";
import { type Plan, readPlan } from "./plan.ts";
import { redacted } from "./redact.ts";

/** The resources that Terraform refreshes: only those in AWS, all, or none. */
export type Refresh = "aws" | "all" | "none";

export interface PlanOptions {
  readonly refresh: Refresh;
  /** Receives each step. */
  readonly progress: (step: string) => void;
  /** The path that the plan file is moved to; without it the file is removed. */
  readonly keep?: string;
}

/** Initialises and plans a stack, without a lock: a reader must not block a deploy. */
export async function planStack(stack: SynthesizedStack, options: PlanOptions): Promise<Outcome> {
  const { id, folder } = stack;
  const session = terraformSession();
  const run = (step: string, ...args: readonly string[]) => {
    options.progress(step);
    return session.run(folder, ...args);
  };
  const failed = (step: string, result: TerraformResult): Outcome => {
    const error = errorText(result);
    return { stack: id, notes: [], kind: "failed", step, error };
  };
  const init = () => oneAfterTheOther(() => run("init", ...initArguments(folder), "-reconfigure"));

  const json = JSON.parse(stack.json);
  const inCluster = Object.keys(json.provider ?? {}).some((name) => name === "kubernetes" || name === "helm");
  const refreshed = options.refresh === "all" || (options.refresh === "aws" && !inCluster);
  const file = join(session.folder, `${id}.tfplan`);
  const args = ["-input=false", "-lock=false", `-out=${file}`, ...(refreshed ? [] : ["-refresh=false"])];
  const plannedWith = async (...sizes: readonly string[]): Promise<Planned | Outcome> => {
    let printed = await run("plan", "plan", "-no-color", ...args, ...sizes);
    if (printed.status !== 0 && asksForInit.test(printed.stderr)) {
      const again = await init();
      if (again.status !== 0) return failed("init", again);
      printed = await run("plan", "plan", "-no-color", ...args, ...sizes);
    }
    if (printed.status !== 0) {
      // Once more, for errors that are not wrapped, and that name their resources.
      const planned = await session.run(folder, "plan", "-json", ...args, ...sizes);
      const upstream = missingUpstream(errorsOf(planned), stack);
      return upstream === undefined
        ? failed("plan", planned.status === 0 ? printed : planned)
        : { stack: id, notes: [], kind: "waits", upstream };
    }
    const shown = await run("show", "show", "-json", "-no-color", file);
    if (shown.status !== 0) {
      // Terraform does not notice that it could not write the whole plan.
      const hint = `Is there space left in ${tmpdir()}? TMPDIR names another folder.`;
      return failed("show", { ...shown, stderr: `${shown.stderr.trimEnd()}\n\n${hint}` });
    }
    const plan = readPlan(shown.stdout, id);
    const kept = sizes.length === 0 ? keptSizes(plan, stack) : [];
    if (kept.length > 0) return plannedWith(...kept);
    const { text, warnings } = readPrinted(printed.stdout);
    return { plan, text: redacted(text, plan), warnings };
  };
  try {
    if (!existsSync(resolve(folder, process.env.TF_DATA_DIR || ".terraform"))) {
      const first = await init();
      if (first.status !== 0) return failed("init", first);
    }
    const planned = await plannedWith();
    if ("kind" in planned) return planned;
    const { keep } = options;
    if (keep !== undefined) writeFileSync(keep, readFileSync(file), { mode: 0o600 });
    const notes = notesOf(stack, refreshed);
    return { stack: id, notes, kind: "planned", ...planned, ...(keep === undefined ? {} : { file: keep }) };
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Terraform itself decides whether the folder of an earlier run still fits: it compares the backend, the lock file and the checksums
 * of the providers, and refuses to plan within half a second. A needless init takes more than a second. Where providers are missing,
 * because an earlier init has failed, Terraform does not name the command (`TF_IN_AUTOMATION`).
 */
const asksForInit = /\b(terraform|tofu)\s+init\b|Required plugins are not installed/;

let lastInit: Promise<unknown> = Promise.resolve();

/** Terraform's cache of providers takes one init at a time. */
function oneAfterTheOther<T>(init: () => Promise<T>): Promise<T> {
  const result = lastInit.then(init);
  lastInit = result.catch(() => {});
  return result;
}

interface Planned {
  readonly plan: Plan;
  readonly text: string;
  readonly warnings: readonly Diagnostic[];
}

/** The limits of the plan that a reader must know. */
function notesOf(stack: SynthesizedStack, refreshed: boolean): string[] {
  const notes = refreshed ? [] : ["planned from the state alone, without asking the cluster or AWS"];
  const state = localStateFile(stack);
  if (state === undefined) return notes;
  if (!existsSync(state)) {
    notes.push(
      "there is no state file here, so this is the plan of a first deploy; if it was deployed from another machine, set s3State",
    );
  }
  const lock = join(state, "..", `.${state.slice(state.lastIndexOf("/") + 1)}.lock.info`);
  if (existsSync(lock)) notes.push("its state is locked: a running deploy may change this plan");
  return notes;
}

const remoteState = "data.terraform_remote_state.";

/**
 * The stacks whose outputs do not exist yet, if that is the only error: they were never deployed, or deployed before the
 * output was added.
 */
function missingUpstream(diagnostics: readonly PrintedDiagnostic[], stack: SynthesizedStack): string | undefined {
  const sources = diagnostics.map(({ summary, address, snippet }) => {
    if (summary === "Unable to find remote state") return address;
    if (summary !== "Unsupported attribute") return undefined;
    return snippet?.values?.find(({ traversal }) => traversal.startsWith(remoteState))?.traversal;
  });
  const known = sources.filter((source) => source?.startsWith(remoteState));
  if (sources.length === 0 || known.length < sources.length) return undefined;
  const stacks = stack.dependencies.filter((id) => known.some((source) => source?.split(".")[2]?.endsWith(`-${id}`)));
  return (stacks.length > 0 ? stacks : stack.dependencies).join(" and ");
}
