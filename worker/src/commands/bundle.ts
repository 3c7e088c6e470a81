import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { BUNDLE_MARK } from "../contract/evaluation-bundle.ts";
import { throwIfWrong } from "../contract/problems.ts";
import { findEvaluation } from "../evaluation/source.ts";
import { problemsOfOutput, writeWhole } from "../results/output-file.ts";

/**
 * `sweep bundle`: writes an evaluation with its imports as one file, which needs neither the sources nor esbuild. It replaces an earlier
 * bundle, but no other file: the default name may be that of the source itself.
 */
export async function bundleCommand(
  evaluation: string,
  { output, force = false }: { readonly output?: string; readonly force?: boolean },
): Promise<void> {
  const { name, sha256, bundle } = findEvaluation(evaluation);
  const path = output ?? `${name}.mjs`;
  throwIfWrong(problemsOfOutput("--output", path, (there) => force || isBundle(there)));
  await writeWhole(path, async (aside) => writeFileSync(aside, bundle as Uint8Array));
  process.stdout.write(`${path}\nsha256 ${sha256}\n`);
}

function isBundle(path: string): boolean {
  const start = Buffer.alloc(BUNDLE_MARK.length);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    readSync(file, start);
  } catch {
    // A file that nobody may read is none of the bundles of this command.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return start.toString() === BUNDLE_MARK;
}
