import { Leader } from "../../worker/src/engine/leader.ts";
import type { Range } from "../../worker/src/parameters/ranges.ts";

interface Options {
  readonly total: number;
  readonly workers: number;
  readonly batchSize?: number;
  readonly pending?: readonly Range[];
  readonly suspects?: ReadonlyMap<number, readonly Range[]>;
}

/** A leader, and what it has told its workers. */
export function leaderOf({
  total,
  workers,
  batchSize = 10,
  pending = [{ start: 0, count: total }],
  suspects,
}: Options) {
  const work = new Map<number, readonly Range[]>();
  const asked: number[] = [];
  const ended: number[] = [];
  const leader = new Leader(
    { pending, workers, batchSize, ...(suspects === undefined ? {} : { suspects }) },
    {
      give: (worker, ranges) => work.set(worker, ranges),
      askToYield: (worker) => asked.push(worker),
      end: (worker) => ended.push(worker),
    },
  );
  const finish = (worker: number, left: readonly Range[] = []) => {
    work.delete(worker);
    leader.finished(worker, left);
  };
  return { leader, work, asked, ended, finish };
}
