import { readFileSync, writeFileSync } from "node:fs";
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

/** Seconds that this process was in the queue for a CPU; 0 where the system does not tell. */
function queuedSeconds(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e9;
  } catch {
    return 0;
  }
}

// Neither depends on other programs, as the time of a run by the clock would.
const { BENCH_TIMES_FILE } = process.env;
if (BENCH_TIMES_FILE !== undefined) {
  const cpu = process.cpuUsage();
  const queued = queuedSeconds();
  process.on("exit", () => {
    const { user, system } = process.cpuUsage(cpu);
    const times = { cpuSeconds: (user + system) / 1e6, queuedSeconds: queuedSeconds() - queued };
    writeFileSync(BENCH_TIMES_FILE, JSON.stringify(times));
  });
}
