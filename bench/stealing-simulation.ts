import { Leader } from "../worker/src/engine/leader.ts";
import { countOf, endOf, type Range } from "../worker/src/parameters/ranges.ts";
import { costShapes, PARAMETERS, Work } from "./queue-simulation.ts";

const BATCH_SIZE = 10_000;
/** A message between the launcher and a worker, and from there to the evaluation. */
const MESSAGE_SECONDS = 0.005;
const REPORT_EVERY_SECONDS = 0.1;
const OVERDUE_AFTER_SECONDS = 0.25;

export interface SimulatedRun {
  readonly shape: keyof typeof costShapes;
  /** The speed of each worker. */
  readonly speeds: readonly number[];
  /** Time of the run if no worker were ever idle. */
  readonly idealSeconds: number;
}

export interface StealingOutcome {
  /** The ideal time divided by the simulated one. */
  readonly efficiency: number;
  /** How often a worker was asked to yield. */
  readonly yields: number;
  /** The parameters that each worker has done. */
  readonly doneBy: readonly number[];
}

interface SimulatedWorker {
  ranges: readonly Range[];
  startedAt: number;
  /** Counts what the worker was given, so that events of before can be told. */
  turn: number;
}

/** Simulates `sweep run` in virtual time. The leader that divides the work is the real one. */
export function simulateStealing({ shape, speeds, idealSeconds }: SimulatedRun): StealingOutcome {
  const capacity = speeds.reduce((sum, speed) => sum + speed, 0) * idealSeconds;
  const work = new Work(costShapes[shape], capacity);
  const workers: SimulatedWorker[] = speeds.map(() => ({ ranges: [], startedAt: 0, turn: 0 }));
  const timers = new Timers();
  let [yields, endedAt] = [0, 0];
  const workerOf = (index: number) => workers[index] as SimulatedWorker;
  const speedOf = (index: number) => speeds[index] as number;
  const later = (index: number, at: number, act: () => void) => {
    const { turn } = workerOf(index);
    timers.set(at, () => workerOf(index).turn === turn && act());
  };
  const finishAt = (index: number, at: number, left: readonly Range[]) =>
    later(index, at + MESSAGE_SECONDS, () => {
      workerOf(index).turn++;
      endedAt = Math.max(endedAt, at);
      leader.finished(index, left);
    });
  const report = (index: number) => {
    const { ranges, startedAt } = workerOf(index);
    const { left } = progressAt(work, ranges, speedOf(index), timers.now - startedAt);
    if (left.length === 0) return;
    leader.reported(index, countOf(ranges) - countOf(left));
    later(index, timers.now + REPORT_EVERY_SECONDS, () => report(index));
  };
  const leader = new Leader(
    { pending: [{ start: 0, count: PARAMETERS }], workers: speeds.length, batchSize: BATCH_SIZE },
    {
      give: (index, ranges) => {
        const startedAt = timers.now + MESSAGE_SECONDS;
        workers[index] = { ranges, startedAt, turn: workerOf(index).turn + 1 };
        const { seconds } = progressAt(work, ranges, speedOf(index), Number.POSITIVE_INFINITY);
        finishAt(index, startedAt + seconds, []);
        later(index, startedAt + REPORT_EVERY_SECONDS, () => report(index));
      },
      askToYield: (index) => {
        yields++;
        later(index, timers.now + OVERDUE_AFTER_SECONDS, () => leader.overdue(index));
        later(index, timers.now + 2 * MESSAGE_SECONDS, () => {
          const { ranges, startedAt } = workerOf(index);
          const { left, seconds } = progressAt(work, ranges, speedOf(index), timers.now - startedAt);
          finishAt(index, Math.max(timers.now, startedAt + seconds), left);
        });
      },
      end: () => {},
    },
  );
  for (const index of workers.keys()) leader.arrived(index, 1);
  timers.run();
  if (!leader.isDone) throw new Error("the simulated run has not ended");
  return {
    efficiency: idealSeconds / endedAt,
    yields,
    doneBy: speeds.map((_, index) => leader.settledBy(index)),
  };
}

/** What is left of some ranges after a time, and the seconds that the parameters until there take. The parameter in work is finished. */
function progressAt(
  work: Work,
  ranges: readonly Range[],
  speed: number,
  seconds: number,
): { readonly left: readonly Range[]; readonly seconds: number } {
  let spent = 0;
  for (const [place, range] of ranges.entries()) {
    const part = work.compute(range, speed, seconds - spent);
    spent += part.seconds;
    const rest = { start: part.reached, count: endOf(range) - part.reached };
    if (rest.count > 0) return { left: [rest, ...ranges.slice(place + 1)], seconds: spent };
  }
  return { left: [], seconds: spent };
}

/** Virtual time. */
class Timers {
  now = 0;
  readonly #waiting: { readonly at: number; readonly act: () => void }[] = [];

  set(at: number, act: () => void): void {
    this.#waiting.push({ at, act });
  }

  /** Lets time pass until nothing waits any more. */
  run(): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting.reduce((best, { at }, index, all) => (at < (all[best]?.at ?? 0) ? index : best), 0);
      const [timer] = this.#waiting.splice(first, 1);
      if (timer === undefined) return;
      this.now = timer.at;
      timer.act();
    }
  }
}
