import { readFileSync } from "node:fs";

/** Long enough to be interrupted where other programs want the CPU: a turn lasts some milliseconds. */
const LOOP_MS = 25;

/** Measures how much of the CPU other programs take while a sample runs. */
export class MachineLoad {
  readonly #before = lostShareOfLoop();
  readonly #stolenBefore = stolenTicks();

  /** The share of the CPU time wanted by a program that other programs or other virtual machines got, from 0 to 1. */
  finish(): number {
    const loops = (this.#before + lostShareOfLoop()) / 2;
    const stolenAfter = stolenTicks();
    const all = stolenAfter.all - this.#stolenBefore.all;
    const stolen = all > 0 ? (stolenAfter.stolen - this.#stolenBefore.stolen) / all : 0;
    return Math.max(loops, stolen);
  }
}

/** A loop that only computes has the CPU all the time on a quiet machine, so that its CPU time is its wall time. */
function lostShareOfLoop(): number {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let ended = startedAt;
  while (ended - startedAt < LOOP_MS) {
    for (let turn = 0; turn < 10_000; turn++) Math.sqrt(turn);
    ended = performance.now();
  }
  const { user, system } = process.cpuUsage(before);
  return Math.max(0, 1 - (user + system) / 1000 / (ended - startedAt));
}

/** Ticks that the hypervisor gave to others, of all ticks of all CPUs. Zero where the system does not tell. */
function stolenTicks(): { readonly stolen: number; readonly all: number } {
  try {
    const line = readFileSync("/proc/stat", "latin1").split("\n", 1)[0] ?? "";
    // cpu user nice system idle iowait irq softirq steal guest guest_nice; the guests are in user and nice already.
    const ticks = line.split(/\s+/).slice(1, 9).map(Number);
    return { stolen: ticks[7] ?? 0, all: ticks.reduce((sum, one) => sum + one, 0) };
  } catch {
    return { stolen: 0, all: 0 };
  }
}
