import type { Measurement } from "./measurement.ts";
import { inThreeDigits, median, spread } from "./statistics.ts";
import { evaluationPath, runSweep } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/**
 * How much faster two workers are than one, for an evaluation that only computes. From the line "Computed" of `sweep run`, in
 * which the start of the workers counts: the total is large enough that it hardly matters.
 */
export async function measureScaling({ rounds, scaled, report, newPath, remove }: Workspace): Promise<Measurement[]> {
  const total = scaled(12_000_000);
  const perSecond = async (workers: number) => {
    const results = newPath();
    const args = ["--total", total, "--workers", workers, "--results", results].map(String);
    const { output } = await runSweep(["run", evaluationPath("compute"), ...args]);
    remove(results);
    const rate = output.match(/^Computed: .* ([\d,]+) a second$/m)?.[1];
    if (rate === undefined) throw new Error(`sweep run printed no rate:\n${output}`);
    return Number(rate.replaceAll(",", ""));
  };
  const one: number[] = [];
  const two: number[] = [];
  // A round takes 10 s.
  const fewer = Math.ceil(rounds / 2);
  for (let round = 1; round <= fewer; round++) {
    report(`scaling: round ${round} of ${fewer}`);
    one.push(await perSecond(1));
    two.push(await perSecond(2));
  }
  const ratios = two.map((rate, round) => rate / (one[round] as number));
  const nanoseconds = inThreeDigits(1e9 / median(one));
  return [
    {
      name: "Two workers against one, computing",
      value: median(ratios),
      unit: "x",
      limit: { atLeast: 1.8 },
      detail:
        `${spread(ratios, "x")}; sweep run, ${total / 1e6}M parameters of ${nanoseconds} ns; millions a second: one ` +
        `${spread(
          one.map((rate) => rate / 1e6),
          "M/s",
        )}, two ${spread(
          two.map((rate) => rate / 1e6),
          "M/s",
        )}`,
    },
  ];
}
