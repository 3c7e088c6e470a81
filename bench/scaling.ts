import { join } from "node:path";
import type { Measurement } from "./measurement.ts";
import { timedBy } from "./programs.ts";
import { costShapes } from "./queue-simulation.ts";
import { inThreeDigits, median, spread } from "./statistics.ts";
import { type SimulatedRun, simulateStealing } from "./stealing-simulation.ts";
import { evaluationPath, runSweep } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Compares the speed of two workers with that of one, for an evaluation that only computes. The line "Computed" of `sweep run`
 * includes the start of the workers; the total is large enough that it hardly matters.
 *
 * The same comparison of plain processes shows the limit of the machine.
 */
export async function measureScaling({ rounds, scaled, report, newPath, remove }: Workspace): Promise<Measurement[]> {
  const total = scaled(12_000_000);
  const millionsPerSecond = async (workers: number) => {
    const results = newPath();
    const args = ["--total", total, "--workers", workers, "--results", results].map(String);
    const { output } = await runSweep(["run", evaluationPath("compute"), ...args]);
    remove(results);
    const rate = output.match(/^Computed: .* ([\d,]+) a second$/m)?.[1];
    if (rate === undefined) throw new Error(`sweep run printed no rate:\n${output}`);
    return Number(rate.replaceAll(",", "")) / 1e6;
  };
  const plain = scaled(4_000_000);
  const timePlain = () => timedBy(process.execPath, [join(__dirname, "compute-loop.mjs"), String(plain)]);
  const one: number[] = [];
  const two: number[] = [];
  const machine: number[] = [];
  // A round takes longer than in the other groups.
  const fewer = Math.ceil(rounds / 2);
  for (let round = 1; round <= fewer; round++) {
    report(`scaling: round ${round} of ${fewer}`);
    one.push(await millionsPerSecond(1));
    two.push(await millionsPerSecond(2));
    const alone = await timePlain();
    // Each of the two computes as much as the one alone.
    const together = Math.max(...(await Promise.all([timePlain(), timePlain()])));
    machine.push((2 * alone) / together);
  }
  const ratios = two.map((rate, round) => rate / (one[round] as number));
  return [
    {
      name: "Two workers against one, computing",
      value: median(ratios),
      unit: "x",
      limit: { atLeast: 1.8 },
      detail:
        `${spread(ratios, "x")}; sweep run, ${total / 1e6}M parameters of ${inThreeDigits(1000 / median(one))} ns; ` +
        `one ${spread(one, "M/s")}, two ${spread(two, "M/s")}`,
    },
    {
      name: "Two plain processes against one: the limit of the machine",
      value: median(machine),
      unit: "x",
      detail: `${spread(machine, "x")}; the same function, ${plain / 1e6}M parameters in each process, nothing stored`,
    },
    unequalWorkers(),
  ];
}

/** The speeds of cores that differ, or that other programs use. */
const UNEQUAL_SPEEDS = [1, 1, 1, 0.75, 0.6];

/** Simulates `sweep run` on cores that differ, for each shape of costs: no clock, so that a busy machine changes nothing. */
function unequalWorkers(): Measurement {
  const outcomes = (Object.keys(costShapes) as SimulatedRun["shape"][]).map((shape) => ({
    shape,
    ...simulateStealing({ shape, speeds: UNEQUAL_SPEEDS, idealSeconds: 60 }),
  }));
  const ideal = UNEQUAL_SPEEDS.reduce((sum, speed) => sum + speed, 0) / UNEQUAL_SPEEDS.length;
  return {
    name: "Ideal time of a run of one minute / simulated time, five workers of the speeds 1, 1, 1, 0.75 and 0.6, worst shape",
    value: Math.min(...outcomes.map(({ efficiency }) => efficiency)),
    unit: "x",
    limit: { atLeast: 0.99 },
    detail:
      `${outcomes.map(({ shape, efficiency, yields }) => `${shape}: ${efficiency.toFixed(3)} with ${yields} yields`).join("; ")}; ` +
      `equal shares: ${(Math.min(...UNEQUAL_SPEEDS) / ideal).toFixed(2)}`,
  };
}
