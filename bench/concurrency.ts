import type { Measurement } from "./measurement.ts";
import { spread } from "./statistics.ts";
import { timeWorker } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

const CONCURRENCY = 64;
/** As bench/evaluations/waiting.ts waits. */
const WAIT_MS = 100;

/** Measures a worker that keeps many calls in flight, each of which only waits, against the calls' own time. */
export async function measureConcurrency({
  rounds,
  scaled,
  report,
  newPath,
  remove,
}: Workspace): Promise<Measurement[]> {
  const total = scaled(6_400);
  const ideal = (total / CONCURRENCY) * WAIT_MS;
  const shares: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    report(`concurrency: round ${round} of ${rounds}`);
    const results = newPath();
    const variables = { EVALUATION_CONCURRENCY: String(CONCURRENCY) };
    const { computing } = await timeWorker({ evaluation: "waiting", total, batchSize: 1_000, results, variables });
    remove(results);
    shares.push(ideal / computing);
  }
  return [
    {
      name: `Calls of ${WAIT_MS} ms at --concurrency ${CONCURRENCY}, against ${(1000 * CONCURRENCY) / WAIT_MS} a second`,
      // The worst round: a pod that shares its machine has no other.
      value: Math.min(...shares),
      unit: "x",
      limit: { atLeast: 0.9 },
      detail: `one worker, ${total} parameters in blocks of 1,000: ${spread(shares, "x")}`,
    },
  ];
}
