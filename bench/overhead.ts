import type { Measurement } from "./measurement.ts";
import { inThreeDigits, median, spread } from "./statistics.ts";
import { timeRawLoop, timeWorker } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Measures the overhead of the worker over the raw loop, in the long run.
 *
 * Both are measured between the same two totals. The raw loop times the values after the first 20 million inside its process.
 * For the worker, the time for 20 million is subtracted from the time for 120 million. Neither side counts the start of
 * processes or the compilation of the loop; both count all recurring work: checksums, commits, messages, synchronization.
 * Another row has the whole time of a worker that starts, computes 10 million and ends.
 */
export async function measureOverhead({ rounds, scaled, report, newPath, remove }: Workspace): Promise<Measurement[]> {
  const [least, most, small] = [scaled(20_000_000), scaled(120_000_000), scaled(10_000_000)];
  const difference = most - least;
  const raw: number[] = [];
  const worker: number[] = [];
  const whole: number[] = [];
  const computing: number[] = [];
  const timed = async (total: number) => {
    const results = newPath();
    const time = await timeWorker({ evaluation: "trivial", total, results });
    remove(results);
    return time;
  };
  for (let round = 1; round <= rounds; round++) {
    report(`overhead: round ${round} of ${rounds}`);
    const path = newPath();
    raw.push((await timeRawLoop(path, least, difference)) * (1e6 / difference));
    remove(path);
    const short = await timed(least);
    const long = await timed(most);
    worker.push((long.computing - short.computing) * (1e6 / difference));
    const whole10 = await timed(small);
    whole.push(whole10.whole);
    computing.push(whole10.computing);
  }
  const unit = "ns/parameter";
  const ratios = worker.map((nanoseconds, round) => nanoseconds / (raw[round] as number));
  const spreadOfBoth = `worker ${spread(worker, unit)}, raw loop ${spread(raw, unit)} (least / median / most)`;
  const millions = (total: number) => `${total / 1e6}M`;
  const range = `between ${millions(least)} and ${millions(most)} parameters`;
  return [
    {
      name: "Raw loop: compute and store float64, nothing else",
      value: median(raw),
      unit,
      detail: `Float64Array of 512 KiB, writeSync, one process, ${range}: ${spread(raw, unit)}`,
    },
    {
      name: "Worker, all-in: commits, checksums, synchronized, isolated",
      value: median(worker),
      unit,
      limit: { atMost: 15 },
      detail: `one worker, blocks of 10,000, log timestamps, ${range}: ${spread(worker, unit)}`,
    },
    {
      name: "Worker, all-in, against the raw loop",
      value: median(ratios),
      unit: "x",
      limit: { atMost: 4 },
      detail: `${spread(ratios, "x")}; ${spreadOfBoth}`,
    },
    {
      name: `Worker, whole process for ${millions(small)}: from start to exit`,
      value: median(whole),
      unit: "ms",
      detail: `${spread(whole, "ms")}, of which computing takes ${inThreeDigits(median(computing))} ms`,
    },
  ];
}
