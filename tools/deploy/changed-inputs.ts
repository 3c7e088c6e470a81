import { isDeepStrictEqual } from "node:util";
import type { Plan } from "../diff/plan.ts";
import { isRead, outputsRead, remoteStateOf } from "../saved-plans/rounds.ts";
import type { SynthesizedStack } from "../support/synthesize.ts";
import { ToolError } from "../support/tool.ts";
import type { PlannedStack, Work } from "./work.ts";

/**
 * Refuses saved plans whose inputs are no longer those of the plan.
 *
 * Terraform refuses a plan only if the state of its own stack has changed. It does not read the outputs of other stacks again. So
 * another deploy of the platform alone, between plan and approval, would go unnoticed.
 *
 * Call it before the first stack is changed: nothing is applied then, and the outputs are still those from before this deploy.
 *
 * @param all the stacks of the environment. @throws ToolError with the first output that has changed.
 */
export async function refuseChangedInputs(
  work: Work,
  planned: readonly PlannedStack[],
  all: readonly SynthesizedStack[],
): Promise<void> {
  for (const { stack, plan } of planned) {
    for (const upstream of all.filter(({ id }) => stack.dependencies.includes(id))) {
      const reads = outputsRead(stack, upstream.id);
      if (reads.size === 0) continue;
      const before = plannedOutputs(plan, upstream.id);
      const now = await work.outputsOf(upstream);
      const changed = Object.keys({ ...before, ...now }).find(
        (output) => isRead(output, reads) && !isDeepStrictEqual(before[output], now[output]),
      );
      if (changed === undefined) continue;
      throw new ToolError(
        `${stack.id}: ${changed} of ${upstream.id}, which it reads, changed after it was planned; nothing was applied: ${work.again}`,
      );
    }
  }
}

/** The outputs of another stack as a plan has read them. */
function plannedOutputs({ prior_state }: Plan, upstream: string): Readonly<Record<string, unknown>> {
  const resources = prior_state?.values?.root_module?.resources ?? [];
  const source = resources.find(({ address }) => address === remoteStateOf(upstream));
  return source?.values?.outputs ?? {};
}
