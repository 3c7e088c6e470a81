import type { RunIdentity } from "../contract/identity.ts";
import { openStore, type StoreOptions } from "../stores/open.ts";

/** How far a run is, counted in parameters. */
export interface RunProgress {
  readonly identity: RunIdentity;
  readonly resultsUrl: string;
  readonly total: number;
  /** Parameters with a result. */
  readonly present: number;
  /** Parameters that were evaluated and have none. */
  readonly failed: number;
  readonly remaining: number;
}

/**
 * Reads how far a run is, even while it is computed. It trusts the commit records; `verify` checks the values against them.
 *
 * @param resultsUrl `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws PermanentError if there are no results.
 */
export async function readProgress(resultsUrl: string, options: StoreOptions = {}): Promise<RunProgress> {
  const store = await openStore(resultsUrl, options);
  const { identity, committed, failed } = await store.progress();
  const total = identity.totalParameters;
  return { identity, resultsUrl: store.url, total, present: committed - failed, failed, remaining: total - committed };
}
