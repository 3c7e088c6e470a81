import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { EXIT_CODE, type ExitCode, PermanentError } from "../errors.ts";
import { CommandEvaluator } from "../evaluation/command.ts";
import { DEFAULT_COLUMNS, importEvaluation } from "../evaluation/module.ts";
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
      const names = columns ?? DEFAULT_COLUMNS;
      const out = names.map(() => new Float64Array(1).fill(Number.NaN));
      const named = Object.fromEntries(names.map((name, place) => [name, out[place]]));
      await evaluateBlock?.(parameter, 1, (columns === undefined ? out[0] : named) as never, context);
      print(
        columns === undefined ? out[0]?.[0] : Object.fromEntries(names.map((name, place) => [name, out[place]?.[0]])),
      );
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
  const names = columns ?? DEFAULT_COLUMNS;
  const buffers = names.map(() => new Float64Array(1));
  const evaluator = new CommandEvaluator(program, context, names, buffers, columns !== undefined);
  try {
    const [failure] = await evaluator.evaluate(parameter, 1, () => undefined);
    if (failure !== undefined) {
      process.stderr.write(`${failure.error}\n`);
      return EVALUATION_FAILED;
    }
    print(
      columns === undefined
        ? buffers[0]?.[0]
        : Object.fromEntries(names.map((name, place) => [name, buffers[place]?.[0]])),
    );
    return EXIT_CODE.DONE;
  } finally {
    evaluator.close();
  }
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
