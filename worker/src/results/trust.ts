import { REPORT_FILES, type ResultReader, type StoreState } from "../stores/store.ts";
import type { Receipt } from "./receipt.ts";

/**
 * Some file systems count time in steps of two seconds: a file that was written again in the same step would look unchanged. So a file
 * must have been at rest for longer when it is read.
 */
const AT_REST_MS = 3_000;

/** The receipt of an earlier proof, if no file has changed since. */
export async function trustedReceipt(reader: ResultReader): Promise<Receipt | undefined> {
  const state = await reader.state();
  if (state === undefined) return undefined;
  // Reports that this user may not read prove nothing.
  const [trusted, receipt] = await Promise.all(
    [REPORT_FILES.state, REPORT_FILES.receipt].map((name) => reader.readReport(name).catch(() => undefined)),
  );
  if (trusted !== describe(state) || receipt === undefined) return undefined;
  return JSON.parse(receipt);
}

/** Lets later calls trust the receipt, unless a file may have changed meanwhile. Where that cannot be written, they read everything. */
export async function trustReceipt(reader: ResultReader, before: StoreState): Promise<void> {
  const after = await reader.state();
  if (after === undefined || String(after.values) !== String(before.values)) return;
  if (before.changedAt > before.seenAt - AT_REST_MS) return;
  const report = await reader.report(REPORT_FILES.state);
  try {
    await report.write(describe(after));
    await report.finish();
  } catch {
    await report.abandon();
  }
}

function describe({ values, reports }: StoreState): string {
  return `${JSON.stringify({ values, reports }, undefined, 1)}\n`;
}
