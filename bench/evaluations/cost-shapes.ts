import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** The eight cost shapes of `npm run bench -- plan`. The environment variable BENCH_SHAPE chooses one. */

const TOTAL = Number(process.env.BENCH_TOTAL);
/** Rounds of computing for a mean parameter, about 0.2 ms. */
const MEAN_ROUNDS = 100_000;
const SLEEP_MS = 2;
const PARETO = 1.3;

/** Computes for a number of rounds, and so for a time that no other program changes. */
function compute(rounds: number): number {
  let state = 1;
  for (let round = 0; round < rounds; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

interface Context {
  readonly random: () => number;
}

let isFirst = true;
function firstRounds(): number {
  if (!isFirst) return 1;
  isFirst = false;
  return 1500;
}

/** The cost of a parameter, in means. `place` is its place in the range, from 0 to 1. */
const shapes: Readonly<Record<string, (place: number, context: Context) => number>> = {
  constant: () => 1,
  linear: (place) => 2 * place,
  quadratic: (place) => 3 * place ** 2,
  "Pareto 1.3": (_, { random }) => ((PARETO - 1) / PARETO) * (1 - random()) ** (-1 / PARETO),
  "first-slow": () => firstRounds(),
  "rare-hard": (_, { random }) => (random() < 0.002 ? 250 : 0.5),
  "last 1 % x 100": (place) => (place >= 0.99 ? 100 : 1) / 1.99,
};

const costOf = shapes[process.env.BENCH_SHAPE ?? ""];

export function evaluate(parameter: number, context: Context): number | Promise<number> {
  if (costOf === undefined) return setTimeout(SLEEP_MS, parameter);
  return compute(MEAN_ROUNDS * costOf(parameter / TOTAL, context));
}

// The CPU time of the process does not depend on other programs, as the time of a run by the clock would.
const { BENCH_CPU_FILE } = process.env;
if (BENCH_CPU_FILE !== undefined) {
  const loaded = process.cpuUsage();
  process.on("exit", () => {
    const { user, system } = process.cpuUsage(loaded);
    writeFileSync(BENCH_CPU_FILE, String((user + system) / 1e6));
  });
}
