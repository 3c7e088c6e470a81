import { loadEvaluation } from "sweep-worker";
import { RESULTS_FORMAT, type RunIdentity } from "../../worker/src/contract/identity.ts";
import { QueuedRun, type QueuedSettings } from "../../worker/src/engine/queued-run.ts";
import { firstRanges } from "../../worker/src/parameters/splitting.ts";
import { type QueueMessage, rangeMessage } from "../../worker/src/queue/messages.ts";
import { openStore } from "../../worker/src/stores/open.ts";

/** A run for executors, without the estimate and the uploads that `sweep submit` makes for a user. */
export interface TestRun {
  readonly name: string;
  readonly evaluation: string;
  readonly total: number;
  readonly batchSize?: number;
  /** How many messages it begins with. @default 8 */
  readonly pieces?: number;
  readonly settings?: QueuedSettings;
}

/** Writes a run into a bucket. @returns its first messages. */
export async function prepareQueuedRun(resultsRoot: string, run: TestRun): Promise<QueueMessage[]> {
  const { name, total, batchSize = 10_000, pieces = 8, settings = {} } = run;
  const { evaluation, columns, session } = await loadEvaluation({ evaluation: run.evaluation });
  session.close();
  const identity: RunIdentity = {
    format: RESULTS_FORMAT,
    evaluation: evaluation.name,
    evaluationSha256: evaluation.sha256,
    columns,
    totalParameters: total,
    batchSize,
    seed: 0,
  };
  const store = await openStore(`${resultsRoot}/${name}`);
  await store.create(identity, evaluation.bundle);
  await new QueuedRun(store).submit(settings);
  const ranges = firstRanges([{ start: 0, count: total }], { pieces, batchSize, seed: 0 });
  return ranges.map((range) => rangeMessage(name, range));
}
