import { countNoun, formatCount } from "../contract/format.ts";
import { verify } from "../results/verify.ts";
import { storeOptions } from "./options.ts";

/** `sweep verify`: proves that the results are complete, and writes the receipt. */
export async function verifyCommand(
  url: string,
  options: { readonly download?: string; readonly full?: boolean },
): Promise<void> {
  const verifying = verify(url, { ...storeOptions(), downloadDirectory: options.download, full: options.full });
  const { receipt, reader, isUnchanged, unwritten } = await verifying;
  const lines = [
    `${countNoun(receipt.totalParameters, "parameter")}, each exactly once, in ${countNoun(receipt.blocks, "block")} with matching checksums`,
    ...(isUnchanged ? ["unchanged  no file was written since they were read (--full reads them again)"] : []),
    `present    ${formatCount(receipt.present)}`,
    `failed     ${formatCount(receipt.failed)}`,
    ...Object.entries(receipt.columns).map(([name, { sha256 }]) => `${name} sha256 ${sha256}`),
    `receipt    ${unwritten === undefined ? `${reader.url}/receipt.json` : `not written: ${unwritten}`}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (receipt.isIdentityUnchecked) {
    process.stderr.write(
      `warning: an earlier version wrote ${reader.url}/run.json without a checksum, so nothing proves the seed and the other settings in the receipt\n`,
    );
  }
}
