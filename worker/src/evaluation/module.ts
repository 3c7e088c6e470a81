import { pathToFileURL } from "node:url";
import { describeError, PermanentError } from "../contract/errors.ts";
import { checkColumnNames } from "../contract/settings.ts";
import type { BlockEvaluationContext, EvaluationContext } from "../parameters/random.ts";

/** What `evaluate` returns: a number, or one number for each declared column. */
export type EvaluationResult = number | Readonly<Record<string, number>>;

/** Computes one parameter. */
export type Evaluate = (parameter: number, context: EvaluationContext) => EvaluationResult | Promise<EvaluationResult>;

/**
 * Computes the parameters from `start` to `start + count - 1`, for vectorised code. Where a call begins and how many parameters
 * it has may differ from run to run, so that a result must depend on its parameter only. Value `start + i` goes to `out[i]`, or to
 * `out.<column>[i]` where columns are declared.
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
  /** By column; value `i` is that of parameter `start + i`. Those of failed parameters are NaN. */
  readonly columns: Readonly<Record<string, Float64Array>>;
}

/** What a user's module exports: `evaluate` or `evaluateBlock`, and what it likes of the rest. */
export interface EvaluationModule {
  readonly evaluate?: Evaluate;
  readonly evaluateBlock?: EvaluateBlock;
  /** Names of the results. @default ["value"] */
  readonly columns?: readonly string[];
  /** One line, or some, about all results, printed after a run. */
  readonly summarize?: (blocks: AsyncIterable<ResultBlock>) => Promise<string> | string;
}

export const DEFAULT_COLUMNS: readonly string[] = ["value"];

/**
 * @param source what errors call it: `path` may be a copy that nobody has heard of.
 * @throws PermanentError where the file does not run, or exports no evaluation.
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
