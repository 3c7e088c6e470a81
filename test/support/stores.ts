import { RESULTS_FORMAT, type RunIdentity } from "../../worker/src/contract/identity.ts";
import { countOf, type Range, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { createChecksum } from "../../worker/src/stores/checksum.ts";
import { ColumnFiles } from "../../worker/src/stores/column-files.ts";
import type { Failure, ResultStore, SpooledBlock } from "../../worker/src/stores/store.ts";

/** The identity of a run for tests of the stores. */
export function testIdentity(totalParameters: number, batchSize: number, columns = ["a", "b"]): RunIdentity {
  const evaluationSha256 = "0".repeat(64);
  return { format: RESULTS_FORMAT, evaluation: "test", evaluationSha256, columns, totalParameters, batchSize, seed: 0 };
}

/** The result of a parameter for one evaluation of a block: a number, a NaN that the evaluation returned, or a failure. */
export type Outcome = number | "timeout";

/** One evaluation of a block. */
export interface Evaluated extends Range {
  readonly outcomes: readonly Outcome[];
}

/** An evaluation of a block where every parameter has the same kind of value, except some. */
export function evaluated(
  start: number,
  count: number,
  value: number,
  except: Record<number, Outcome> = {},
): Evaluated {
  return { start, count, outcomes: Array.from({ length: count }, (_, index) => except[start + index] ?? value) };
}

/** The steps in which a worker stores a block: it writes each column, and then commits. Tests run steps of several workers in any order. */
export async function stepsOf(store: ResultStore, identity: RunIdentity, block: Evaluated) {
  const checksumOf = await createChecksum();
  const writer = await store.write(identity);
  const { start, count, outcomes } = block;
  const position = writer.spool.reserve({ start, count });
  const columns = identity.columns.map((_, place) =>
    Float64Array.from(outcomes, (outcome) => (outcome === "timeout" ? Number.NaN : outcome + place)),
  );
  const failures = outcomes.flatMap((outcome, index): Failure[] =>
    outcome === "timeout" ? [{ parameter: start + index, kind: "timeout", error: `late in ${start}-${count}` }] : [],
  );
  const record: SpooledBlock = { start, count, checksum: checksumOf(start, columns), failures, position };
  const writeColumn = (place: number) => async () => {
    const file = ColumnFiles.open([writer.spool.paths[place] as string]);
    file.write(position, count, [columns[place] as Float64Array]);
    file.close();
  };
  const commit = async () => {
    await writer.commit([record]);
    await writer.close();
  };
  return [...identity.columns.map((_, place) => writeColumn(place)), commit];
}

/** Stores evaluations of blocks one after the other. */
export async function storeAll(store: ResultStore, identity: RunIdentity, blocks: readonly Evaluated[]): Promise<void> {
  for (const block of blocks) for (const step of await stepsOf(store, identity, block)) await step();
}

/** The next start of a run with one worker: it evaluates what it takes as not committed. @returns the number of these parameters. */
export async function startAgain(store: ResultStore, identity: RunIdentity, value: number): Promise<number> {
  const share: Range[] = [];
  for (let start = 0; start < identity.totalParameters; start += identity.batchSize) {
    share.push({ start, count: Math.min(identity.batchSize, identity.totalParameters - start) });
  }
  const writer = await store.write(identity);
  const pending = subtract(share, union(await writer.committed(share)));
  await writer.close();
  await storeAll(
    store,
    identity,
    pending.map(({ start, count }) => evaluated(start, count, value)),
  );
  return countOf(pending);
}
