import { createHash } from "node:crypto";
import { PermanentError } from "./errors.ts";

/**
 * Version of the layout of results. Change it when one version cannot read the files of another, and when the same identity would give
 * other values: with the random numbers, the hash of an evaluation or this identity itself.
 */
export const RESULTS_FORMAT = "sweep-results/1";

/**
 * Everything that decides the results and their division into blocks. The number of workers, the partition and the machines decide
 * neither.
 */
export interface RunIdentity {
  readonly format: string;
  /** Name for people: the file name of the evaluation or the program, without its ending. */
  readonly evaluation: string;
  /** SHA-256 of the evaluation's bundle, or of the command line and the files that it names. */
  readonly evaluationSha256: string;
  readonly columns: readonly string[];
  readonly totalParameters: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** `collatz-1a2b3c4d`: the default name of a run's results on a laptop. */
export function runName(identity: RunIdentity): string {
  return `${identity.evaluation}-${runHash(identity)}`;
}

/** Length of a {@link runHash}. */
export const RUN_HASH_LENGTH = 8;

/** Hexadecimal digits that differ between runs whose results differ. They end the names of runs, also of those on a cluster. */
export function runHash(identity: RunIdentity): string {
  return createHash("sha256").update(serializeIdentity(identity)).digest("hex").slice(0, RUN_HASH_LENGTH);
}

/** The same identity gives the same text, byte for byte. */
export function serializeIdentity(identity: RunIdentity): string {
  const { format, evaluation, evaluationSha256, columns, totalParameters, batchSize, seed } = identity;
  return `${JSON.stringify({ format, evaluation, evaluationSha256, columns, totalParameters, batchSize, seed }, undefined, 2)}\n`;
}

/** @throws PermanentError if {@link serializeIdentity} did not write `text`. */
export function parseIdentity(text: string, source: string): RunIdentity {
  let identity: RunIdentity | undefined;
  try {
    identity = JSON.parse(text);
  } catch {
    // Reported below, as any other text that is no identity.
  }
  if (identity === undefined || serializeIdentity(identity) !== text) {
    throw new PermanentError(
      `${source} is damaged or of another version. It identifies the run of the results beside it: restore it, or use another --results`,
    );
  }
  return identity;
}

/**
 * Refuses to mix results of two runs.
 *
 * @throws PermanentError with each property that differs, and both values.
 */
export function checkSameRun(found: RunIdentity, wanted: RunIdentity, url: string): void {
  const properties = Object.keys(wanted) as (keyof RunIdentity)[];
  const differences = properties
    .filter((property) => JSON.stringify(found[property]) !== JSON.stringify(wanted[property]))
    .map(
      (property) =>
        `${property} is ${JSON.stringify(found[property])} there and ${JSON.stringify(wanted[property])} here`,
    );
  if (differences.length === 0) return;
  throw new PermanentError(
    `${url} holds the results of another run: ${differences.join("; ")}. Use another --results, or the same settings`,
  );
}
