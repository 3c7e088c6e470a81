import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { EXIT_CODE, type ExitCode, PermanentError } from "../errors.ts";
import { VectorEvaluator } from "../evaluation/block-evaluator.ts";
import { CommandEvaluator } from "../evaluation/command.ts";
import { DEFAULT_COLUMNS, type EvaluateBlock, importEvaluation } from "../evaluation/module.ts";
import { ResultColumns } from "../evaluation/result-columns.ts";
import { findEvaluation } from "../evaluation/source.ts";
import { CounterBasedContext } from "../random.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import { openStore } from "../stores/open.ts";
import type { ResultReader } from "../stores/store.ts";
import { configurationOf } from "./options.ts";

/** What a process that ends because of the user's code says, as opposed to ours. */
const EVALUATION_FAILED = 1;

/**
 * `sweep replay`: one parameter in this process, so that a debugger, a profiler and `console.log` work. Prints the result, or
 * the stack of what was thrown. With `--results`, the evaluation and the seed are those of the run, and what the run stored is
 * printed too.
 */
export async function replayCommand(
  parameterText: string,
  evaluationName: string | undefined,
  command: Command,
): Promise<ExitCode | typeof EVALUATION_FAILED> {
  const parameter = Number(parameterText);
  if (!/^\d+$/.test(parameterText) || !Number.isSafeInteger(parameter)) {
    throw new PermanentError(`parameter: got ${JSON.stringify(parameterText)}; allowed is a whole number from 0`);
  }
  const { resultsUrl, ...configuration } = configurationOf(evaluationName, command);
  const reader = resultsUrl === undefined ? undefined : await (await openStore(resultsUrl)).read();
  if (reader !== undefined) await printStored(reader, parameter);
  const context = new CounterBasedContext(reader?.identity.seed ?? configuration.seed);
  context.moveTo(parameter);
  if (configuration.evaluationCommand !== undefined) {
    return replayProgram(configuration.evaluationCommand, configuration.resultColumns, parameter, context);
  }
  const stored = evaluationName === undefined ? await reader?.evaluationBundle() : undefined;
  const bundle = stored ?? (await findEvaluation(configuration.evaluation)).bundle;
  return replayModule(bundle as Uint8Array, parameter, context);
}

async function replayModule(
  bundle: Uint8Array,
  parameter: number,
  context: CounterBasedContext,
): Promise<ExitCode | typeof EVALUATION_FAILED> {
  // Stacks name the lines of the user's sources.
  process.setSourceMapsEnabled(true);
  const directory = mkdtempSync(join(tmpdir(), "sweep-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "evaluation.mjs");
  writeFileSync(path, bundle);
  const { evaluate, evaluateBlock, columns } = await importEvaluation(path);
  try {
    if (evaluate !== undefined) {
      print(await evaluate(parameter, context));
    } else {
      const results = new ResultColumns(columns ?? DEFAULT_COLUMNS, columns !== undefined, 1);
      await new VectorEvaluator(evaluateBlock as EvaluateBlock, context, results).evaluateOrThrow(parameter, 1);
      print(firstOf(results));
    }
    return EXIT_CODE.DONE;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : `threw ${String(error)}`}\n`);
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
    print(firstOf(results));
    return EXIT_CODE.DONE;
  } finally {
    evaluator.close();
  }
}

/** The only result that the columns hold, as `evaluate` would have returned it. */
function firstOf({ names, buffers, areDeclared }: ResultColumns): number | Record<string, number> {
  const values = buffers.map((buffer) => buffer[0] as number);
  return areDeclared
    ? Object.fromEntries(names.map((name, place) => [name, values[place] as number]))
    : (values[0] as number);
}

/** What the run has of the parameter. */
async function printStored(reader: ResultReader, parameter: number): Promise<void> {
  const records = await reader.records();
  const record = records.findLast(({ start, count }) => start <= parameter && parameter < start + count);
  const failure = record?.failures.find((candidate) => candidate.parameter === parameter);
  let stored = "not committed";
  if (failure !== undefined) stored = `failed (${failure.kind}): ${failure.error}`;
  else if (record !== undefined) {
    const files = ColumnFiles.openToRead(reader.columnPaths);
    const values = files.read(parameter, 1).map((column) => column[0]);
    files.close();
    stored = reader.identity.columns.map((name, place) => `${name} = ${values[place]}`).join(", ");
  }
  process.stderr.write(`stored in ${reader.url}: ${stored}\n`);
}

/** Numbers as JavaScript writes them: JSON would make NaN and infinity null. */
function print(result: unknown): void {
  const isNumber = typeof result === "number";
  process.stdout.write(
    `${isNumber ? String(result) : JSON.stringify(result, (_, value) => (Number.isNaN(value) ? "NaN" : value))}\n`,
  );
}
