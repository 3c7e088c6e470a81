import { formatCount } from "../contract/format.ts";
import { type ExportFormat, exportResults } from "../results/export.ts";
import { storeOptions } from "./options.ts";

/** `sweep export`: verifies the results and writes them as one file for other programs. */
export async function exportCommand(
  url: string,
  options: { readonly format: string; readonly output?: string },
): Promise<void> {
  const format = options.format as ExportFormat;
  const output = options.output ?? `results.${format}`;
  const destination = output === "-" ? process.stdout : output;
  const { receipt } = await exportResults(url, { ...storeOptions(), format, output: destination });
  if (output !== "-") process.stdout.write(`${formatCount(receipt.totalParameters)} rows in ${output}\n`);
}
