import type { Outcome } from "../diff/outcome.ts";
import { outputChanges, type Plan } from "../diff/plan.ts";
import { changesAnything } from "../diff/summary.ts";
import type { SynthesizedStack } from "../support/synthesize.ts";

/** The stacks of one round of a deploy. */
export interface Round {
  /** Stacks whose plans are applied, in order. */
  readonly now: readonly { readonly stack: SynthesizedStack; readonly plan: Plan; readonly file: string }[];
  /** Stacks that another round must plan, because this one changes their input. */
  readonly later: readonly { readonly stack: string; readonly reason: string }[];
}

/**
 * Divides the stacks: a plan may be applied only if every value in it still holds when its turn comes.
 *
 * A stack waits for another round in three cases: it cannot be planned yet; it reads an output that this round changes; or it reads
 * outputs of a stack that waits, or changes after one. A stack of which Terraform defers a part is in this round and in another.
 *
 * @param stacks each after its dependencies. @param outcomes with kept plan files.
 */
export function roundOf(stacks: readonly SynthesizedStack[], outcomes: readonly Outcome[]): Round {
  const now: Round["now"][number][] = [];
  const later: Round["later"][number][] = [];
  for (const stack of stacks) {
    const outcome = outcomes.find((one) => one.stack === stack.id);
    if (outcome === undefined || outcome.kind === "failed") continue;
    if (outcome.kind === "waits") {
      later.push({ stack: stack.id, reason: `can be planned when ${outcome.upstream} is deployed` });
      continue;
    }
    const { plan, file } = outcome;
    const changes = changesAnything(plan);
    const reason = reasonToWait(stack, changes, now, later);
    if (reason !== undefined) later.push({ stack: stack.id, reason });
    else if (changes && file !== undefined) {
      now.push({ stack, plan, file });
      if (plan.complete === false) later.push({ stack: stack.id, reason: "Terraform defers a part of its changes" });
    }
  }
  return { now, later };
}

function reasonToWait(
  stack: SynthesizedStack,
  changes: boolean,
  now: Round["now"],
  later: Round["later"],
): string | undefined {
  for (const upstream of stack.dependencies) {
    const reads = outputsRead(stack, upstream);
    if (later.some((one) => one.stack === upstream) && (changes || reads.size > 0)) return `waits for ${upstream}`;
    const applied = now.find((one) => one.stack.id === upstream);
    const changed = applied === undefined ? [] : outputChanges(applied.plan);
    const read = changed.filter((output) => isRead(output, reads));
    if (read.length > 0) return `reads ${read.join(", ")} of ${upstream}, which this round changes`;
  }
  return undefined;
}

/** In place of a name: any output. */
const everyOutput = "*";

/** The address of the data source with the outputs of another stack, with cdktf's name. */
export function remoteStateOf(upstream: string): string {
  return `data.terraform_remote_state.cross-stack-reference-input-${upstream}`;
}

/** The names of the outputs of another stack that a stack reads, for {@link isRead}. */
export function outputsRead({ json }: SynthesizedStack, upstream: string): ReadonlySet<string> {
  const references = json.matchAll(/(data\.terraform_remote_state\.[\w-]+)(?:\.outputs\.([\w-]+))?/g);
  const read = [...references].filter(([, address]) => address === remoteStateOf(upstream));
  // An expression of another form may read any of them.
  return new Set(read.map(([, , output]) => output ?? everyOutput));
}

export function isRead(output: string, reads: ReadonlySet<string>): boolean {
  return reads.has(output) || reads.has(everyOutput);
}
