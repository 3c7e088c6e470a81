import { countNoun } from "../contract/format.ts";
import { throwIfWrong } from "../contract/problems.ts";
import { type ExportFormat, exportResults, problemsOfExport } from "../results/export.ts";
import { storeOptions } from "./options.ts";

/** The table without `--output`. */
const DEFAULT_FORMAT = "parquet";

/** `sweep export`: verifies the results and writes them as one file for other programs. */
export async function exportCommand(
  url: string,
  {
    format: formatText,
    output: name,
    force: overwrite = false,
  }: { readonly format?: string; readonly output?: string; readonly force?: boolean },
): Promise<void> {
  const format = formatText as ExportFormat | undefined;
  const path = name ?? `results.${format ?? DEFAULT_FORMAT}`;
  const output = path === "-" ? process.stdout : path;
  throwIfWrong(problemsOfExport({ format, output, overwrite }, "--"));
  const { receipt, replacedBytes } = await exportResults(url, { ...storeOptions(), format, output, overwrite });
  if (path === "-") return;
  const replaced = replacedBytes === undefined ? "" : `, in place of a file of ${countNoun(replacedBytes, "byte")}`;
  process.stdout.write(`${countNoun(receipt.totalParameters, "row")} in ${path}${replaced}\n`);
}
