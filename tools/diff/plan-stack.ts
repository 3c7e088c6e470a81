import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { localStateFile, type SynthesizedStack } from "../support/synthesize.ts";
import { type TerraformResult, terraform } from "../support/terraform.ts";
import { keptSizes } from "./kept-sizes.ts";
import type { Outcome } from "./outcome.ts";
import { type Plan, readPlan } from "./plan.ts";
import { redacted } from "./redact.ts";

/** The resources that Terraform refreshes: only those in AWS, all, or none. */
export type Refresh = "aws" | "all" | "none";

/** It holds every value in clear, even sensitive ones. */
const planFile = "diff.tfplan";

/**
 * Initialises and plans a stack, without a lock: a reader must not block a deploy.
 * @param progress receives each step.
 */
export function planStack(stack: SynthesizedStack, refresh: Refresh, progress: (step: string) => void): Outcome {
  const { id, folder } = stack;
  const run = (step: string, ...args: readonly string[]) => {
    progress(step);
    return terraform(folder, ...args);
  };
  const failed = (step: string, result: TerraformResult): Outcome => {
    const error = errorText(result);
    return { stack: id, notes: [], kind: "failed", step, error };
  };
  const initialised = run("init", "init", "-input=false", "-no-color", "-reconfigure", "-upgrade");
  if (initialised.status !== 0) return failed("init", initialised);

  const json = JSON.parse(stack.json);
  const inCluster = Object.keys(json.provider ?? {}).some((name) => name === "kubernetes" || name === "helm");
  const refreshed = refresh === "all" || (refresh === "aws" && !inCluster);
  try {
    const args = ["-input=false", "-lock=false", "-json", `-out=${planFile}`, ...(refreshed ? [] : ["-refresh=false"])];
    const plannedWith = (...sizes: readonly string[]): Plan | Outcome => {
      const planned = run("plan", "plan", ...args, ...sizes);
      if (planned.status !== 0) {
        const upstream = missingUpstream(diagnosticsOf(planned), stack);
        return upstream === undefined ? failed("plan", planned) : waiting(id, upstream);
      }
      const shown = run("show", "show", "-json", planFile);
      if (shown.status !== 0) return failed("show", shown);
      const plan = readPlan(shown.stdout, id);
      const kept = sizes.length === 0 ? keptSizes(plan, stack) : [];
      return kept.length === 0 ? plan : plannedWith(...kept);
    };
    const plan = plannedWith();
    if ("kind" in plan) return plan;
    const text = terraform(folder, "show", "-no-color", planFile);
    if (text.status !== 0) return failed("show", text);
    return {
      stack: id,
      notes: notesOf(stack, refreshed),
      kind: "planned",
      plan,
      text: redacted(text.stdout.trim(), plan),
    };
  } finally {
    rmSync(join(folder, planFile), { force: true });
  }
}

/** Only the name of this stack enters the approved digest, so the note warns the reviewers. */
export function waiting(stack: string, upstream: string): Outcome {
  const notes = ["not in this plan: approving the others means deploying this one after them, unseen"];
  return { stack, notes, kind: "waits", upstream };
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

interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
  readonly address?: string;
  readonly snippet?: { readonly values?: readonly { readonly traversal: string }[] };
}

/** The errors in the output of Terraform with `-json`, one line each. */
function diagnosticsOf({ stdout }: TerraformResult): Diagnostic[] {
  return stdout
    .split("\n")
    .filter((line) => line.includes('"diagnostic"'))
    .flatMap((line) => {
      try {
        return JSON.parse(line).diagnostic ?? [];
      } catch {
        return [];
      }
    })
    .filter(({ severity }: Diagnostic) => severity === "error");
}

/** Helm needs a chart's index and archive to plan its release, even where nothing changes. */
const chartFix =
  "A plan of this stack needs its charts' repositories: let this machine reach them (HTTPS_PROXY), or name a mirror in constructs/addons (README, Troubleshooting).";

/** The errors, each once with the addresses of its resources. */
function errorText(result: TerraformResult): string {
  const places = new Map<string, string[]>();
  for (const { summary, detail, address } of diagnosticsOf(result)) {
    const message = detail === "" ? summary : `${summary}\n${detail}`;
    places.set(message, [...(places.get(message) ?? []), ...(address === undefined ? [] : [address])]);
  }
  const messages = [...places].map(([message, addresses]) =>
    addresses.length === 0 ? message : `${message}\n(${[...new Set(addresses)].join(", ")})`,
  );
  if (messages.some((message) => message.includes("is not a valid chart repository"))) messages.push(chartFix);
  return messages.length > 0 ? messages.join("\n\n") : (result.stderr || result.stdout).trim();
}

const remoteState = "data.terraform_remote_state.";

/**
 * The stacks whose outputs do not exist yet, if that is the only error: they were never deployed, or deployed before the
 * output was added.
 */
function missingUpstream(diagnostics: readonly Diagnostic[], stack: SynthesizedStack): string | undefined {
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
