import { TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { countOf } from "../parameters/ranges.ts";
import { describeMissing, type Verification, verifyResults } from "../results/verify.ts";
import { openStore } from "../stores/open.ts";
import type { ResultReader } from "../stores/store.ts";

/** `sweep verify`: proves that the results are complete, and writes the receipt. */
export async function verifyCommand(url: string, options: { readonly download?: string }): Promise<void> {
  const reader = await (await openStore(url)).read(options.download);
  const { receipt } = await verifyComplete(reader);
  const lines = [
    `${formatCount(receipt.totalParameters)} parameters, each exactly once, in ${formatCount(receipt.ranges.length)} blocks with matching checksums`,
    `present    ${formatCount(receipt.present)}`,
    `failed     ${formatCount(receipt.failed)}`,
    ...Object.entries(receipt.columns).map(([name, { sha256 }]) => `${name} sha256 ${sha256}`),
    `receipt    ${reader.url}/receipt.json`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/**
 * Verifies results that must be complete.
 *
 * @throws TemporaryError that says what is missing.
 */
export async function verifyComplete(reader: ResultReader): Promise<Verification & { readonly complete: true }> {
  const verification = await verifyResults(reader);
  if (verification.complete) return verification;
  const damaged = countOf(verification.damaged);
  const because =
    damaged === 0 ? "" : `, ${formatCount(damaged)} of them because their values do not match their checksum`;
  throw new TemporaryError(
    `${reader.url} is not complete: ${describeMissing(verification.missing)}${because}. Start the run again: only these are computed`,
  );
}
