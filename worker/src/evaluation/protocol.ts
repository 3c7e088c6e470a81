import type { Range } from "../parameters/ranges.ts";
import type { Failure } from "../stores/store.ts";

/**
 * The messages between a worker's supervisor and its evaluation process. Values do not travel here, they are written into the
 * spool; only a parameter that is run alone is answered with its values.
 */

/** What the process evaluates: a bundled module, or a program. */
export type EvaluationSource =
  | {
      readonly modulePath: string;
      /** What errors call it: the module is a bundle in a temporary directory. */
      readonly name: string;
    }
  | { readonly command: string; readonly columns: readonly string[] | undefined };

/** A block, and where in the spool its values go. */
export interface BlockOrder extends Range {
  readonly position: number;
}

/** A part of a block whose values are in the spool: all of it, or what was done when its time had passed. */
export interface CompletedPart extends Range {
  /** The first parameter of its block. */
  readonly block: number;
  readonly checksum: string;
  readonly failures: readonly Failure[];
}

export type ToEvaluation =
  | { readonly type: "load"; readonly source: EvaluationSource; readonly seed: number; readonly simulateWorkMs: number }
  | {
      readonly type: "open";
      readonly spoolPaths: readonly string[];
      readonly batchSize: number;
      readonly completeEveryMs: number;
    }
  | { readonly type: "blocks"; readonly blocks: readonly BlockOrder[] }
  /** Evaluate one parameter, whose values come back in the answer. */
  | { readonly type: "parameter"; readonly parameter: number }
  /** Complete what is done of the block in work, report it, and exit. */
  | { readonly type: "stop" };

export type FromEvaluation =
  | { readonly type: "loaded"; readonly columns: readonly string[] }
  | { readonly type: "completed"; readonly parts: readonly CompletedPart[] }
  /** A sign of life, with the number of parameters that are done and not yet completed. */
  | { readonly type: "progress"; readonly done: number }
  /** Which parameter of the block is at fault is to be found by running them one by one. */
  | { readonly type: "block-failed"; readonly block: number; readonly error: string }
  | { readonly type: "parameter"; readonly values: readonly number[]; readonly failure: Failure | undefined }
  /** The worker cannot go on, and this is why. */
  | { readonly type: "fatal"; readonly permanent: boolean; readonly message: string };
