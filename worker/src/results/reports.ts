import { ReadOnlyError } from "../contract/errors.ts";
import type { ResultReader } from "../stores/store.ts";

/**
 * Writes the reports of `verify` beside the results. Results that may only be read are verified too: the proof does not need them.
 *
 * @returns why the reports are not written, or undefined if they are.
 */
export async function writeReports(
  reader: ResultReader,
  reports: Readonly<Record<string, string | Uint8Array>>,
): Promise<string | undefined> {
  try {
    for (const [name, content] of Object.entries(reports)) await reader.writeReport(name, content);
    return undefined;
  } catch (error) {
    if (error instanceof ReadOnlyError) return error.message;
    throw error;
  }
}
