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
  return checksumOf(identity).slice(0, RUN_HASH_LENGTH);
}

/** The same identity gives the same text, byte for byte. */
export function serializeIdentity(identity: RunIdentity): string {
  return serialize(inOrder(identity));
}

/** The content of a `run.json`. */
export interface RunFile {
  readonly identity: RunIdentity;
  /** Whether a checksum proves the identity. Earlier versions wrote none. */
  readonly isChecked: boolean;
}

/** The text of `run.json`: the identity, and the SHA-256 of {@link serializeIdentity}, which shows a later change. */
export function serializeRunFile(identity: RunIdentity): string {
  return withChecksum(identity, checksumOf(identity));
}

/** @throws PermanentError if {@link serializeRunFile} did not write `text`, and no earlier version did. */
export function parseRunFile(text: string, source: string): RunFile {
  let content: (RunIdentity & { readonly checksum?: string }) | undefined;
  try {
    content = JSON.parse(text);
  } catch {
    // Reported below, as any other text that is no identity.
  }
  if (content?.format === RESULTS_FORMAT) {
    const { checksum, ...identity } = content;
    if (checksum === undefined && serializeIdentity(identity) === text) return { identity, isChecked: false };
    if (checksum === checksumOf(identity) && withChecksum(identity, checksum) === text) {
      return { identity, isChecked: true };
    }
    if (checksum !== undefined && withChecksum(identity, checksum) === text) {
      throw new PermanentError(
        `${source} does not match its checksum: it was changed after the run had begun. ` +
          "It identifies the run of the results beside it: undo the change, or use another place for the results",
      );
    }
  }
  throw new PermanentError(
    `${source} is damaged or of another version. It identifies the run of the results beside it: restore it, or use another --results`,
  );
}

function checksumOf(identity: RunIdentity): string {
  return createHash("sha256").update(serializeIdentity(identity)).digest("hex");
}

function withChecksum(identity: RunIdentity, checksum: string): string {
  return serialize({ ...inOrder(identity), checksum });
}

function inOrder(identity: RunIdentity): RunIdentity {
  const { format, evaluation, evaluationSha256, columns, totalParameters, batchSize, seed } = identity;
  return { format, evaluation, evaluationSha256, columns, totalParameters, batchSize, seed };
}

function serialize(content: object): string {
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** The place of the results belongs to another run. */
export class OtherRunError extends PermanentError {}

/**
 * Refuses to mix results of two runs.
 *
 * @throws OtherRunError with each property that differs, and both values.
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
  throw new OtherRunError(
    `${url} holds the results of another run: ${differences.join("; ")}. Use another place for the results, or the same settings`,
  );
}

/** The error about a place without a run. */
export function noResultsIn(url: string): PermanentError {
  return new PermanentError(
    `${url} holds no results: it has no run.json. Name the place that the run has printed (Results in ...)`,
  );
}
