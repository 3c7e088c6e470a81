import { PermanentError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { EXPORT_FORMATS, type ExportFormat, exportResults } from "../results/export.ts";
import { openStore } from "../stores/open.ts";
import { verifyComplete } from "./verify.ts";

/** `sweep export`: the results as one file for other programs. They are verified first. */
export async function exportCommand(
  url: string,
  options: { readonly format: string; readonly output?: string },
): Promise<void> {
  const format = options.format as ExportFormat;
  const output = options.output ?? `results.${format}`;
  if (!EXPORT_FORMATS.includes(format)) {
    throw new PermanentError(`--format: got ${JSON.stringify(format)}; allowed is one of ${EXPORT_FORMATS.join(", ")}`);
  }
  if (format === "parquet" && output === "-") {
    throw new PermanentError("--output: got -; Parquet goes to a file, which is written back and forth");
  }
  const reader = await (await openStore(url)).read();
  const { receipt, failures } = await verifyComplete(reader);
  await exportResults(reader, failures, format, output);
  if (output !== "-") process.stdout.write(`${formatCount(receipt.totalParameters)} rows in ${output}\n`);
}
