import type { Range } from "../parameters/ranges.ts";
import type { Failure } from "../stores/store.ts";

/** Most entries of lists in a receipt, which must fit in memory for any number of blocks and failures. */
export const LISTED = { ranges: 10_000, failures: 100 } as const;

/** Proof that a run is complete, written as `receipt.json` beside its results. */
export interface Receipt {
  readonly format: string;
  readonly evaluation: string;
  readonly evaluationSha256: string;
  readonly seed: number;
  readonly totalParameters: number;
  readonly batchSize: number;
  /** Present if nothing proves the identity above: the `run.json` of earlier versions has no checksum. */
  readonly isIdentityUnchecked?: true;
  /** Parameters with a result. */
  readonly present: number;
  /** Parameters that were evaluated and have none. */
  readonly failed: number;
  /** By column, the digest of its file, which holds little-endian float64 values. */
  readonly columns: Readonly<Record<string, { readonly sha256: string }>>;
  /** The digest of `present.bits`: bit `i % 8` of byte `i / 8`, lowest first, is 1 where parameter `i` has a result. */
  readonly presentBitsSha256: string;
  /** The number of committed blocks: together exactly the parameters of the run. */
  readonly blocks: number;
  /** The first 10,000 committed blocks, sorted. */
  readonly ranges: readonly (Range & { readonly checksum: string; readonly failed: number })[];
  /** The first 100 parameters without a result, sorted; `failures.jsonl` has all. */
  readonly failures: readonly Failure[];
}
