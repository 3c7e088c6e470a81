import { setTimeout } from "node:timers/promises";
import { EXIT_CODE, formatCount } from "sweep-worker/contract";
import type { Measurement } from "./measurement.ts";
import { spread } from "./statistics.ts";
import { isStarted, parseLog, runSweep, startWorker, type WorkerOptions } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/** The activity of a worker at the time of the signal. */
interface Situation {
  readonly name: string;
  readonly worker: Omit<WorkerOptions, "results">;
  /** The time of the signal, in milliseconds after the worker begins to compute. */
  readonly from: number;
  readonly to: number;
}

const situations: readonly Situation[] = [
  {
    name: "computing fast",
    worker: { evaluation: "trivial", total: 60_000_000 },
    from: 50,
    to: 500,
  },
  {
    name: "in an endless loop",
    // The loop is reached within half a second.
    worker: { evaluation: "endless", total: 30_000_000, variables: { BENCH_ENDLESS_AT: "20000000" } },
    from: 800,
    to: 1300,
  },
  {
    name: "computing slowly",
    // 2 ms a parameter: 600 of them take 1.2 s, a block of 20 takes 40 ms.
    worker: { evaluation: "slow", total: 600, batchSize: 20 },
    from: 50,
    to: 1000,
  },
];

/**
 * Measures the time of a worker from SIGTERM to its exit, the worst of several. Each time, its committed parameters are counted
 * afterwards, and a second start must find exactly those and compute the rest.
 */
export async function measureTermination(workspace: Workspace): Promise<Measurement[]> {
  const { rounds, report } = workspace;
  const stopped = situations.map(() => [] as { milliseconds: number; present: number }[]);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, situation] of situations.entries()) {
      report(`termination: ${situation.name}, round ${round} of ${rounds}`);
      stopped[index]?.push(await stopAndResume(situation, workspace));
    }
  }
  return situations.map(({ name, worker }, index) => {
    const times = (stopped[index] ?? []).map(({ milliseconds }) => milliseconds);
    const present = (stopped[index] ?? []).map((stop) => stop.present);
    return {
      name: `SIGTERM to exit while ${name}, worst of ${times.length}`,
      value: Math.max(...times),
      unit: "ms",
      limit: { atMost: 100 },
      detail:
        `${spread(times, "ms")}; exit code ${EXIT_CODE.TERMINATED}; committed by then ${spread(present, `of ${formatCount(worker.total)}`)}; ` +
        "a second start found the same and completed the run",
    };
  });
}

async function stopAndResume(
  { worker, from, to }: Situation,
  { newPath, remove }: Workspace,
): Promise<{ milliseconds: number; present: number }> {
  const results = newPath();
  const first = startWorker({ ...worker, results });
  await first.line(isStarted);
  await setTimeout(from + Math.random() * (to - from));
  const sentAt = performance.now();
  if (!first.terminate()) throw new Error("the worker was done before it could be stopped: its total is too small");
  const { code, output, errors, exitedAt } = await first.finished;
  if (code !== EXIT_CODE.TERMINATED) throw new Error(`the worker ended with exit code ${code}:\n${output}${errors}`);

  const { present } = await countsOf(results);
  const { variables: _, ...second } = worker;
  const resumed = await startWorker({ ...second, results }).finished;
  const found = parseLog(resumed.output).find(({ msg }) => msg === "started")?.resumed;
  if (resumed.code !== 0 || found !== present)
    throw new Error(`the second start found ${found} of ${present} and ended with exit code ${resumed.code}`);
  const { remaining } = await countsOf(results);
  if (remaining !== 0) throw new Error(`the second start left ${remaining} parameters`);
  remove(results);
  return { milliseconds: exitedAt - sentAt, present };
}

async function countsOf(results: string): Promise<{ readonly present: number; readonly remaining: number }> {
  return JSON.parse((await runSweep(["status", results, "--json"])).output);
}
