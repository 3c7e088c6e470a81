import type { Command } from "commander";
import { describeError, EXIT_CODE, type ExitCode, isInstance, PermanentError, textOr } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { numberIn } from "../contract/numbers.ts";
import { describeProblem, show } from "../contract/problems.ts";
import { describeValue, VectorEvaluator } from "../evaluation/block-evaluator.ts";
import { CommandEvaluator } from "../evaluation/command.ts";
import { DEFAULT_COLUMNS, type Evaluate, importEvaluation } from "../evaluation/module.ts";
import { ResultColumns } from "../evaluation/result-columns.ts";
import { findEvaluation, writeBundle } from "../evaluation/source.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import { endOf } from "../parameters/ranges.ts";
import { openStore } from "../stores/open.ts";
import type { ResultReader } from "../stores/store.ts";
import { settingsOf } from "./options.ts";
import { removeSignalHandlers } from "./signals.ts";

/** The exit code if the user's code failed. The other codes are the program's own. */
const EVALUATION_FAILED = 1;

/**
 * `sweep replay`: evaluates one parameter in this process, so that a debugger, a profiler and `console.log` work. It prints the
 * result or the error's stack. With `--results` it takes the evaluation and the seed of that run, and prints the stored values
 * too.
 */
export async function replayCommand(
  parameterText: string,
  evaluationName: string | undefined,
  command: Command,
): Promise<ExitCode | typeof EVALUATION_FAILED> {
  const parameter = numberIn(parameterText) ?? Number.NaN;
  if (!Number.isSafeInteger(parameter) || parameter < 0) {
    throw wrongParameter("a whole number from 0", parameterText);
  }
  const { resultsUrl, ...configuration } = settingsOf(evaluationName, command);
  const reader = resultsUrl === undefined ? undefined : await (await openStore(resultsUrl, configuration)).read();
  if (reader !== undefined) await printStored(reader, parameter);
  const isSeedGiven = command.getOptionValueSource("seed") === "cli";
  const context = new CounterBasedContext(
    reader === undefined || isSeedGiven ? configuration.seed : reader.identity.seed,
  );
  context.moveTo(parameter);
  if (configuration.evaluationCommand !== undefined) {
    return replayProgram(configuration.evaluationCommand, configuration.resultColumns, parameter, context);
  }
  if (reader === undefined || evaluationName !== undefined) {
    const { bundle, source } = findEvaluation(configuration.evaluation);
    return replayModule(bundle as Uint8Array, source, parameter, context);
  }
  const bundle = await reader.evaluationBundle();
  if (bundle === undefined) {
    throw new PermanentError(`a program computed ${reader.url}, and results do not keep programs: give its --command`);
  }
  return replayModule(bundle, `of ${reader.url}`, parameter, context);
}

function wrongParameter(allowed: string, got: unknown): PermanentError {
  const fix = "name a parameter of the sweep";
  return new PermanentError(describeProblem({ path: ["parameter"], allowed, got: show(got), fix }));
}

async function replayModule(
  bundle: Uint8Array,
  source: string,
  parameter: number,
  context: CounterBasedContext,
): Promise<ExitCode | typeof EVALUATION_FAILED> {
  // Ctrl-C must end an evaluation that does not return.
  removeSignalHandlers();
  // Stacks then name lines of the user's sources.
  process.setSourceMapsEnabled(true);
  const { evaluate, evaluateBlock, columns } = await importEvaluation(writeBundle("evaluation", bundle), source);
  const results = new ResultColumns(columns ?? DEFAULT_COLUMNS, columns !== undefined, 1);
  try {
    if (evaluateBlock !== undefined) {
      await new VectorEvaluator(evaluateBlock, context, results).evaluateOrThrow(parameter, 1);
    } else {
      const result = await (evaluate as Evaluate)(parameter, context);
      if (!results.createStore()(result, 0)) {
        process.stderr.write(`returned ${describeValue(result)}; expected ${results.expected}\n`);
        return EVALUATION_FAILED;
      }
    }
    printResult(results);
    return EXIT_CODE.DONE;
  } catch (error) {
    const description = describeError(error);
    const stack = isInstance(error, Error)
      ? textOr(() => String(error.stack ?? description), description)
      : description;
    process.stderr.write(`${stack}\n`);
    return EVALUATION_FAILED;
  }
}

async function replayProgram(
  program: string,
  columns: readonly string[] | undefined,
  parameter: number,
  context: CounterBasedContext,
): Promise<ExitCode | typeof EVALUATION_FAILED> {
  const results = new ResultColumns(columns ?? DEFAULT_COLUMNS, columns !== undefined, 1);
  const evaluator = new CommandEvaluator(program, context, results);
  try {
    const { failures } = await evaluator.evaluate(parameter, 1, () => undefined);
    const [failure] = failures;
    if (failure !== undefined) {
      process.stderr.write(`${failure.error}\n`);
      return EVALUATION_FAILED;
    }
    printResult(results);
    return EXIT_CODE.DONE;
  } finally {
    evaluator.close();
  }
}

/** Prints the first result of the columns as JSON. JSON has no NaN and no infinity, so they become strings. */
function printResult({ names, buffers, areDeclared }: ResultColumns): void {
  const values = buffers.map((buffer) => buffer[0] as number);
  const result = areDeclared ? Object.fromEntries(names.map((name, place) => [name, values[place]])) : values[0];
  const finite = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  process.stdout.write(`${JSON.stringify(result, finite)}\n`);
}

/** Prints the values that the run stored for the parameter. */
async function printStored(reader: ResultReader, parameter: number): Promise<void> {
  const { totalParameters, columns } = reader.identity;
  if (parameter >= totalParameters) {
    throw wrongParameter(`a whole number below ${formatCount(totalParameters)}, the total of ${reader.url}`, parameter);
  }
  let stored = "not committed";
  for await (const { start, columns: values, blocks } of reader.stretches({ start: parameter, count: 1 })) {
    const block = blocks.find((candidate) => candidate.start <= parameter && parameter < endOf(candidate));
    const failure = block?.failures.find((candidate) => candidate.parameter === parameter);
    if (block === undefined) stored = "damaged: its block does not match its checksum";
    else if (failure !== undefined) stored = `failed (${failure.kind}): ${failure.error}`;
    else stored = columns.map((name, place) => `${name} = ${values[place]?.[parameter - start]}`).join(", ");
  }
  process.stderr.write(`stored in ${reader.url}: ${stored}\n`);
}
