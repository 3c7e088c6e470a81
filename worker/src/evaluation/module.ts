import { pathToFileURL } from "node:url";
import { checkColumnNames } from "../contract/columns.ts";
import { describeError, PermanentError } from "../contract/errors.ts";
import type { BlockEvaluationContext, EvaluationContext } from "../parameters/random.ts";

/** The result of `evaluate`: a number, or one number for each declared column. */
export type EvaluationResult = number | Readonly<Record<string, number>>;

/** Computes one parameter. */
export type Evaluate = (parameter: number, context: EvaluationContext) => EvaluationResult | Promise<EvaluationResult>;

/**
 * Computes the parameters from `start` to `start + count - 1`, for vectorised code. The calls divide the parameters differently
 * from run to run, so that a result must depend on its parameter only. The result of parameter `start + i` goes to `out[i]`, or to
 * `out.<column>[i]` if columns are declared.
 */
export type EvaluateBlock = (
  start: number,
  count: number,
  out: Float64Array & Readonly<Record<string, Float64Array>>,
  context: BlockEvaluationContext,
) => void | Promise<void>;

/** Results of consecutive parameters, as `summarize` reads them. */
export interface ResultBlock {
  readonly start: number;
  readonly count: number;
  /** The values by column; value `i` belongs to parameter `start + i`. Failed parameters have NaN. */
  readonly columns: Readonly<Record<string, Float64Array>>;
}

/** The exports of a user's module: either `evaluate` or `evaluateBlock`; the others are optional. */
export interface EvaluationModule {
  readonly evaluate?: Evaluate;
  readonly evaluateBlock?: EvaluateBlock;
  /** Names of the results. @default ["value"] */
  readonly columns?: readonly string[];
  /**
   * A short text about all results, printed after a run. It must read the next block or return within a minute.
   *
   * @default the least, the greatest and the sum of each column
   */
  readonly summarize?: (blocks: AsyncIterable<ResultBlock>) => Promise<string> | string;
}

export const DEFAULT_COLUMNS: readonly string[] = ["value"];

/**
 * Imports a user's module.
 *
 * @param source the name of the evaluation in errors, since `path` may be a temporary copy.
 * @throws PermanentError if the file does not run, or exports no evaluation.
 */
export async function importEvaluation(path: string, source: string): Promise<EvaluationModule> {
  let exported: EvaluationModule;
  try {
    exported = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new PermanentError(`the evaluation ${source} cannot be loaded: ${describeError(error)}`, { cause: error });
  }
  const functions = [exported.evaluate, exported.evaluateBlock].filter((candidate) => candidate !== undefined);
  if (functions.length !== 1 || typeof functions[0] !== "function") {
    throw new PermanentError(
      `the evaluation ${source} exports ${Object.keys(exported).join(", ") || "nothing"}; ` +
        "it must export one function, evaluate(parameter, context) or evaluateBlock(start, count, out, context)",
    );
  }
  if (exported.columns !== undefined) checkColumnNames(exported.columns);
  return exported;
}

export type { BlockEvaluationContext, EvaluationContext } from "../parameters/random.ts";
