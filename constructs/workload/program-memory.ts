import { posix } from "node:path";
import { commandWords, DEFAULTS, formatCount } from "sweep-worker/contract";
import { type Problem, show } from "../support/problems.ts";
import type { WorkerJobSettings } from "./worker-job-settings.ts";

/**
 * Memory in MiB that each process of a program has for itself, at least: that of a loop over lines was 7.2 for Node.js, 6.8 for Python and
 * 0.11 for `cat`.
 */
const programMiB = { node: 6, python: 4, other: 0.1 } as const;

/** Programs that each worker runs at a time. A module starts none. */
function programsOf(settings: WorkerJobSettings): number {
  const { evaluationCommand, evaluationConcurrency = 1, batchSize = DEFAULTS.batchSize } = settings;
  if (evaluationCommand === undefined) return 0;
  return Math.min(evaluationConcurrency, batchSize, Math.ceil(settings.totalParameters / settings.workers));
}

function leastMiBOf(command: string): number {
  const name = posix.basename(commandWords(command)[0] ?? "");
  if (name === "node") return programMiB.node;
  return /^python[\d.]*$/.test(name) ? programMiB.python : programMiB.other;
}

/**
 * The problem of a memory limit that so many programs exceed, whatever they compute: the kernel would kill them over and over.
 *
 * @param workerMiB the least memory of a worker without them.
 */
export function programMemoryProblems(settings: WorkerJobSettings, limitMiB: number, workerMiB: number): Problem[] {
  const programs = programsOf(settings);
  // The least memory of a worker includes one.
  const leastMiB = workerMiB + Math.floor(Math.max(0, programs - 1) * leastMiBOf(settings.evaluationCommand ?? ""));
  if (!(limitMiB < leastMiB)) return [];
  return [
    {
      path: ["memoryLimitMiB"],
      allowed: `${formatCount(leastMiB)} MiB or more`,
      got: show(limitMiB),
      fix: `each worker runs ${formatCount(programs)} programs at a time, which take as much before they compute anything; raise the limit, or lower evaluationConcurrency`,
    },
  ];
}
