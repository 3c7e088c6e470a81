import { openStore, type StoreOptions } from "../stores/open.ts";
import type { Failure, ResultReader, Stretch } from "../stores/store.ts";
import type { Receipt } from "./receipt.ts";
import { trustedReceipt, trustReceipt } from "./trust.ts";
import { Verification } from "./verification.ts";

/** Results that are complete and undamaged. */
export interface VerifiedResults {
  readonly receipt: Receipt;
  /** The first 100 parameters without a result, sorted; `failures.jsonl` has all. */
  readonly failures: readonly Failure[];
  /** The results, for {@link resultBlocks}. */
  readonly reader: ResultReader;
  /** Whether nothing was read, because no file has changed since it was proved. */
  readonly isUnchanged: boolean;
  /** Why the receipt and the other reports are not beside the results, which may only be read; undefined if they are. */
  readonly unwritten: string | undefined;
}

/** How results are fetched to be verified. */
export interface VerifyOptions extends StoreOptions {
  /**
   * The directory that keeps the results of a bucket as files.
   *
   * @default nowhere: they are read block by block
   */
  readonly downloadDirectory?: string | undefined;
  /**
   * Whether to read results in a directory also if an earlier receipt proves them and no file has changed since, by sizes, times and
   * inodes.
   *
   * @default false
   */
  readonly full?: boolean | undefined;
}

/**
 * Proves that the results of a run hold every parameter exactly once, with matching checksums, and writes `receipt.json`,
 * `present.bits` and `failures.jsonl` beside them, unless they may only be read. It reads the results once, in order, in memory of a
 * fixed size.
 *
 * @param resultsUrl `file:<directory>`, a path, or `s3://<bucket>/<prefix>`.
 * @throws TemporaryError that lists the missing parameters. The run gets no receipt; started again, it computes only these.
 * @throws PermanentError if there are no results, or somebody changed the identity or the evaluation of the run.
 */
export async function verify(resultsUrl: string, options: VerifyOptions = {}): Promise<VerifiedResults> {
  return verifyOpened(await openToVerify(resultsUrl, options), options);
}

/** {@link verify} for results that are open already. */
export async function verifyOpened(reader: ResultReader, { full }: VerifyOptions): Promise<VerifiedResults> {
  const receipt = full ? undefined : await trustedReceipt(reader);
  if (receipt !== undefined)
    return { receipt, failures: receipt.failures, reader, isUnchanged: true, unwritten: undefined };
  return verifyWhile(reader, async (stretches) => {
    for await (const _ of stretches);
  });
}

export async function openToVerify(resultsUrl: string, options: VerifyOptions): Promise<ResultReader> {
  const store = await openStore(resultsUrl, options);
  const reader = await store.read(options.downloadDirectory);
  // The receipt signs the evaluation too: this compares it with the identity.
  await reader.evaluationBundle();
  return reader;
}

/** Verifies results while `use` reads them to their end, so that they are read once. */
export async function verifyWhile(
  reader: ResultReader,
  use: (stretches: AsyncGenerator<Stretch>) => Promise<void>,
): Promise<VerifiedResults> {
  const verification = new Verification(reader);
  const before = await reader.state();
  await use(verification.stretches());
  const { receipt, unwritten } = verification;
  if (before !== undefined && unwritten === undefined) await trustReceipt(reader, before);
  return { receipt, failures: receipt.failures, reader, isUnchanged: false, unwritten };
}
