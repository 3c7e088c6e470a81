import { statSync } from "node:fs";
import type { z } from "zod";
import type { evaluationSchema } from "../api/submission.ts";
import { commandWords } from "../contract/command-line.ts";
import { SETTINGS } from "../contract/declarations.ts";
import { BUNDLE_MARK, sha256OfBundle } from "../contract/evaluation-bundle.ts";
import { problemOfValue } from "../contract/facts.ts";
import { oneOf, type Problem, show, within } from "../contract/problems.ts";
import type { ServiceFile } from "../contract/service-file.ts";
import { DEFAULT_COLUMNS } from "../evaluation/module.ts";
import { bundledEvaluations, commandEvaluation, findEvaluation } from "../evaluation/source.ts";
import { staticColumns } from "../evaluation/static-columns.ts";

/** Characters of a wrong bundle that an error shows. */
const SHOWN_CHARACTERS = 60;

/** The evaluation of a request: one of the image, an upload or a command. */
export type EvaluationRequest = z.output<typeof evaluationSchema>;
type Named = Exclude<EvaluationRequest, { bundle: string } | { command: string }>;
type Uploaded = Extract<EvaluationRequest, { bundle: string }>;
type Command = Extract<EvaluationRequest, { command: string }>;

/** The evaluation's part of an identity. */
export interface ChosenEvaluation {
  readonly name: string;
  readonly sha256: string;
  /** Undefined for a command. */
  readonly bundle: Uint8Array | undefined;
  readonly columns: readonly string[];
}

/**
 * Finds the evaluation of a request. Nothing of it runs here: this process has rights that no user's code may have. A worker refuses
 * to compute it if its module exports other columns.
 *
 * @param problems gets everything that is wrong.
 * @returns undefined if something is wrong.
 */
export function chooseEvaluation(
  source: EvaluationRequest,
  { allowCommands }: Pick<ServiceFile, "allowCommands">,
  problems: Problem[],
): ChosenEvaluation | undefined {
  const own: Problem[] = [];
  const chosen =
    "command" in source
      ? chooseCommand(source, allowCommands, own)
      : "bundle" in source
        ? chooseUpload(source, own)
        : chooseNamed(source, own);
  problems.push(...within(["evaluation"], own));
  return own.length === 0 ? chosen : undefined;
}

/** By its name only. A path would be a file of this machine. */
function chooseNamed({ name, columns: declared }: Named, problems: Problem[]): ChosenEvaluation | undefined {
  const names = bundledEvaluations();
  if (!names.includes(name)) {
    const fix = "choose one of these, or upload a bundle (sweep bundle writes one)";
    problems.push({ path: ["name"], allowed: oneOf(names), got: show(name), fix });
    return undefined;
  }
  const { sha256, bundle, name: evaluation } = findEvaluation(name);
  problems.push(...problemsOfColumns(declared));
  const columns = declared ?? columnsOf(sha256, bundle as Uint8Array);
  if (columns !== undefined) return { name: evaluation, sha256, bundle, columns };
  const fix = "its module does not write them out, and this server does not run it; add them";
  problems.push({ path: ["columns"], allowed: `the columns that ${name} exports`, got: "nothing", fix });
  return undefined;
}

/** By the hash of their bundles. To read a bundle of ten megabytes takes a second, in which this process answers nobody. */
const knownColumns = new Map<string, readonly string[] | undefined>();

function columnsOf(sha256: string, bundle: Uint8Array): readonly string[] | undefined {
  if (!knownColumns.has(sha256)) knownColumns.set(sha256, staticColumns(Buffer.from(bundle).toString()));
  return knownColumns.get(sha256);
}

function chooseUpload({ name, bundle: text, columns }: Uploaded, problems: Problem[]): ChosenEvaluation {
  problems.push(...problemsOfColumns(columns));
  if (!text.startsWith(BUNDLE_MARK)) {
    const fix = "sweep bundle <module> writes one; upload the text of that file";
    const got = show(text.slice(0, SHOWN_CHARACTERS));
    problems.push({ path: ["bundle"], allowed: `a bundle, which begins with ${show(BUNDLE_MARK)}`, got, fix });
  }
  const bundle = Buffer.from(text);
  return { name, sha256: sha256OfBundle(bundle), bundle, columns };
}

function chooseCommand(
  { command, columns }: Command,
  isAllowed: boolean,
  problems: Problem[],
): ChosenEvaluation | undefined {
  const path = ["command"];
  if (!isAllowed) {
    const fix = "this environment takes no commands (services.allowCommands); name or upload an evaluation";
    problems.push({ path, allowed: "left out", got: show(command), fix });
    return undefined;
  }
  problems.push(...problemsOfColumns(columns));
  const words = commandWords(command);
  if (words.length === 0) {
    const fix = "name a program of the image, for example python3 evaluate.py";
    problems.push({ path, allowed: "a command line", got: show(command), fix });
  }
  const device = words.find(isNoFile);
  if (device !== undefined) {
    const fix = `the identity needs the content of its files, and ${show(device)} has none; leave it out`;
    problems.push({ path, allowed: "a command line of words and files", got: show(command), fix });
  }
  if (problems.length > 0) return undefined;
  const { name, sha256 } = commandEvaluation(command);
  return { name, sha256, bundle: undefined, columns: columns ?? DEFAULT_COLUMNS };
}

/** A device or a pipe may have no end, and its reader none. */
function isNoFile(word: string): boolean {
  try {
    const stats = statSync(word);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    // A word, and no file.
    return false;
  }
}

function problemsOfColumns(columns: readonly string[] | undefined): Problem[] {
  return columns === undefined ? [] : problemOfValue("columns", columns, SETTINGS.resultColumns.schema);
}
