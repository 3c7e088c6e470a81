import type { Range } from "../parameters/ranges.ts";
import type { ComputingTime, Failure } from "../stores/store.ts";
import type { InFlightFile } from "./in-flight-file.ts";

/**
 * The messages between a worker's supervisor and its evaluation process. They carry no values, which are written into the spool;
 * only the answer to a single parameter carries its values.
 */

/** The evaluation of the process: a bundled module, or a program. */
export type EvaluationSource =
  | {
      readonly modulePath: string;
      /** The name of the evaluation in errors, since the module is a bundle in a temporary directory. */
      readonly name: string;
    }
  | { readonly command: string; readonly columns: readonly string[] | undefined };

/** A block, and the position of its values in the spool. */
export interface BlockOrder extends Range {
  readonly position: number;
}

/** A part of a block whose values are in the spool: all of it, or the part that was finished when its time was up. */
export interface CompletedPart extends Range {
  /** The first parameter of its block. */
  readonly block: number;
  readonly checksum: string;
  readonly failures: readonly Failure[];
  /** Only if "open" asked for it. */
  readonly time?: ComputingTime | undefined;
}

/** The part of a process that evaluates. */
export interface Evaluation {
  /** The columns of the results. */
  readonly names: readonly string[];
  /** How many parameters it keeps in flight. */
  readonly concurrency: number;
  open(order: ToEvaluation & { readonly type: "open" }): void;
  pace(completeEveryMs: number): void;
  add(blocks: readonly BlockOrder[]): Promise<void>;
  /** Drops the blocks, but for their finished parts, which are completed first. Parameters in work are finished. It then sends "yielded". */
  yield(): void;
  /** Evaluates one parameter by itself, and answers with its values. */
  evaluateAlone(parameter: number): Promise<void>;
  /** Exits within `withinMs`, when everything is reported. The finished parts of the blocks are completed first. */
  stop(withinMs: number): void;
}

export type ToEvaluation =
  | {
      readonly type: "load";
      readonly source: EvaluationSource;
      readonly seed: number;
      readonly simulateWorkMs: number;
      /** Parameters in flight. Undefined leaves the choice to the module. */
      readonly concurrency: number | undefined;
    }
  | {
      readonly type: "open";
      readonly spoolPaths: readonly string[];
      readonly batchSize: number;
      readonly completeEveryMs: number;
      /** Whether each part is to be measured, which costs 20 us. */
      readonly isMeasured?: boolean;
      /** Milliseconds that a parameter may wait; 0 is no limit. The supervisor watches a process that computes and does not wait. */
      readonly timeoutMs: number;
      /** The file that names the parameters in flight, see {@link InFlightFile}. */
      readonly inFlightPath: string;
    }
  /** The store has become slower or faster: complete the finished part of a block after this time. */
  | { readonly type: "pace"; readonly completeEveryMs: number }
  | { readonly type: "blocks"; readonly blocks: readonly BlockOrder[] }
  /** Complete the finished parts of the blocks, and drop the rest. */
  | { readonly type: "yield" }
  /** Evaluate one parameter, whose values come back in the answer. */
  | { readonly type: "parameter"; readonly parameter: number }
  /** Complete the finished part of the current block, report it, and exit. The process is killed after `withinMs`. */
  | { readonly type: "stop"; readonly withinMs: number };

export type FromEvaluation =
  | { readonly type: "loaded"; readonly columns: readonly string[]; readonly concurrency: number }
  | { readonly type: "completed"; readonly parts: readonly CompletedPart[] }
  /** The answer to "yield": everything finished was reported, and no block is left. */
  | { readonly type: "yielded" }
  /** A heartbeat, with the number of parameters that are done but not yet completed. */
  | { readonly type: "progress"; readonly done: number }
  /** The block failed as a whole. The supervisor runs its parameters one by one to find the one at fault. */
  | { readonly type: "block-failed"; readonly block: number; readonly error: string }
  | { readonly type: "parameter"; readonly values: readonly number[]; readonly failure: Failure | undefined }
  /** The worker cannot go on, for this reason. */
  | { readonly type: "fatal"; readonly permanent: boolean; readonly message: string };
