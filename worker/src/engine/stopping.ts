import { EXIT_CODE, SweepError } from "../contract/errors.ts";

export const EVERYTHING_IS_KEPT = "everything finished is committed";

/** The error of a run that was asked to stop. Committed results stay. */
export class StoppedError extends SweepError {
  override readonly name = "StoppedError";

  /** @param kept says what is committed. @default what is always true */
  constructor(remaining?: string, kept = "what is committed stays") {
    const left = remaining === undefined ? "" : ` with ${remaining}`;
    super(EXIT_CODE.TERMINATED, `the run was stopped${left}: ${kept}, start it again to resume`);
  }
}

/**
 * Waits for `promise`, unless `signal` is aborted first.
 *
 * @param release called with the value of a promise that resolves after the signal.
 * @throws StoppedError if the signal came first.
 */
export async function unlessStopped<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  release: (value: T) => void,
): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort = () => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(new StoppedError());
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([promise, stopped]);
  } catch (error) {
    if (error instanceof StoppedError) promise.then(release, () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
