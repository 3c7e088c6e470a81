import { type ExecutorsOptions, executorsWithDefaults } from "../../constructs/queue/executors-options.ts";
import { executorsProblems } from "../../constructs/queue/executors-problems.ts";
import { leastCpuMillis } from "../../constructs/workload/worker-job-settings.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { allOf, at, checked, problemsIn, type Resolution, refused } from "./resolution.ts";
import { type Pooled, resolveSize } from "./resolve-target.ts";
import type { ResolvedExecutors } from "./resolved-environment.ts";

/** @param malformed as the list sees it. */
export function resolveExecutors(
  executors: readonly ExecutorsOptions[],
  malformed: Malformed,
  pooled: Pooled,
): Resolution<readonly ResolvedExecutors[]> {
  const each = executors.map((options, index) => at([index], resolveOne(options, malformed.in(index), pooled)));
  const sizes = executors.map(({ size }, index) => (malformed.in(index, "size").any ? "" : size));
  const allowed = "different from the sizes of the executors before it, because each size has one queue";
  const repeated = duplicateProblems(sizes, allowed, "remove one of the two");
  const named = repeated.map((problem) => ({ ...problem, path: [...problem.path, "size"] }));
  return at(["executors"], named.length === 0 ? allOf(each) : refused([...each.flatMap(problemsIn), ...named]));
}

function resolveOne(options: ExecutorsOptions, malformed: Malformed, pooled: Pooled): Resolution<ResolvedExecutors> {
  const target = malformed.in("size").any ? refused([]) : resolveSize(options.size, pooled, false);
  const lenient = withRoomForOthers(options, malformed);
  const nodes = target.ok ? target.value : undefined;
  const problems = malformed.untouched(executorsProblems(lenient, nodes));
  if (!target.ok) return refused([...target.problems, ...problems]);
  return checked({ options: executorsWithDefaults(options, target.value), target: target.value }, problems);
}

/** Options in which malformed ones have values that leave all others the most room, so that nothing is blamed for them. */
function withRoomForOthers(options: ExecutorsOptions, malformed: Malformed): ExecutorsOptions {
  const lenient: Partial<ExecutorsOptions> = { slots: 1, cpuRequestMillis: leastCpuMillis, memoryRequestMiB: 1 };
  return { ...options, ...Object.fromEntries(Object.entries(lenient).filter(([name]) => malformed.in(name).any)) };
}
