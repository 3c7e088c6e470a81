import type { Failure } from "../stores/store.ts";

/**
 * The messages between a worker's supervisor and its evaluation process. Values do not travel here, they are written into the
 * spool; only a parameter that is run alone is answered with its values.
 */

/** What the process evaluates: a bundled module, or a program. */
export type EvaluationSource =
  | { readonly modulePath: string }
  | { readonly command: string; readonly columns: readonly string[] | undefined };

/** A block, and where in the spool its values go. */
export interface BlockOrder {
  readonly start: number;
  readonly count: number;
  readonly position: number;
}

export interface CompletedBlock {
  readonly start: number;
  readonly checksum: string;
  readonly failures: readonly Failure[];
}

export type ToEvaluation =
  | { readonly type: "load"; readonly source: EvaluationSource; readonly seed: number; readonly simulateWorkMs: number }
  | { readonly type: "open"; readonly spoolPaths: readonly string[]; readonly batchSize: number }
  | { readonly type: "blocks"; readonly blocks: readonly BlockOrder[] }
  /** Evaluate one parameter, whose values come back in the answer. */
  | { readonly type: "parameter"; readonly parameter: number }
  /** Report what is finished and exit. */
  | { readonly type: "stop" };

export type FromEvaluation =
  | { readonly type: "loaded"; readonly columns: readonly string[] }
  | { readonly type: "completed"; readonly blocks: readonly CompletedBlock[] }
  /** A sign of life within a block, with the number of its parameters that are done. */
  | { readonly type: "progress"; readonly start: number; readonly done: number }
  /** The block cannot be told apart: some parameter of it has to be found by running them one by one. */
  | { readonly type: "block-failed"; readonly start: number; readonly error: string }
  | { readonly type: "parameter"; readonly values: readonly number[]; readonly failure: Failure | undefined }
  /** The worker cannot go on, and this is why. */
  | { readonly type: "fatal"; readonly permanent: boolean; readonly message: string };
