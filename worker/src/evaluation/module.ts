import { pathToFileURL } from "node:url";
import { checkColumnNames } from "../contract/columns.ts";
import { describeError, PermanentError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { LIMITS } from "../contract/limits.ts";
import { describeProblem, show } from "../contract/problems.ts";
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
   * How many calls of an `evaluate` that returns promises a worker keeps in flight. A whole number from 1 to 10,000; `--concurrency`
   * (EVALUATION_CONCURRENCY) replaces it. It does not change the results. `evaluateBlock` is called for one part of a block at a time, so
   * that it allows only 1.
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * A short text about all results, printed after a run. It must read the next block or return within a minute.
   *
   * @default the least, the greatest and the sum of each column
   */
  readonly summarize?: (blocks: AsyncIterable<ResultBlock>) => Promise<string> | string;
}

/** @throws PermanentError if a module exports something else than a number of calls. */
function checkConcurrency(concurrency: unknown): void {
  const most = LIMITS.evaluationConcurrency;
  if (concurrency === undefined) return;
  if (Number.isInteger(concurrency) && (concurrency as number) >= 1 && (concurrency as number) <= most) return;
  const allowed = `a whole number from 1 to ${formatCount(most)}`;
  const fix = "export for example concurrency = 64";
  throw new PermanentError(describeProblem({ path: ["concurrency"], allowed, got: show(concurrency), fix }));
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
      `the evaluation ${source} exports ${describeExports(exported)}; ` +
        "it must export one function, evaluate(parameter, context) or evaluateBlock(start, count, out, context)",
    );
  }
  if (exported.columns !== undefined) checkColumnNames(exported.columns);
  checkConcurrency(exported.concurrency);
  return exported;
}

/** `default, columns`; `evaluate (number)` for one that is no function. */
function describeExports(exported: object): string {
  const names = Object.entries(exported).map(([name, value]) => {
    const isWrong = ["evaluate", "evaluateBlock"].includes(name) && typeof value !== "function";
    return isWrong ? `${name} (${value === null ? "null" : typeof value})` : name;
  });
  return names.join(", ") || "nothing";
}

export type { BlockEvaluationContext, EvaluationContext } from "../parameters/random.ts";
