import { writeFileSync } from "node:fs";
import { explainFileError } from "../contract/errors.ts";
import { findEvaluation } from "../evaluation/source.ts";

/** `sweep bundle`: writes an evaluation with its imports as one file, which needs neither the sources nor esbuild. */
export async function bundleCommand(evaluation: string, options: { readonly output?: string }): Promise<void> {
  const { name, sha256, bundle } = findEvaluation(evaluation);
  const output = options.output ?? `${name}.mjs`;
  try {
    writeFileSync(output, bundle as Uint8Array);
  } catch (error) {
    throw explainFileError(error, output);
  }
  process.stdout.write(`${output}\nsha256 ${sha256}\n`);
}
