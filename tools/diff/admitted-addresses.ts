import { IPv4, IPv6 } from "ipaddr.js";

/** The first and the last address of a block, as numbers, with the family because IPv4 and IPv6 share no address. */
export interface Block {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The blocks of `after` whose addresses `before` does not admit in full. Text that is no block counts as one that admits more, because
 * nobody can tell.
 */
export function newlyAdmitted(before: readonly string[], after: readonly string[]): string[] {
  const known = merged(before.flatMap((text) => blockOf(text) ?? []));
  return after.filter((text) => {
    if (before.includes(text)) return false;
    const block = blockOf(text);
    return (
      block === undefined ||
      !known.some(({ bits, first, last }) => bits === block.bits && first <= block.first && last >= block.last)
    );
  });
}

/** Whether it is an IPv4 or IPv6 block such as `10.0.0.0/8`. */
export function isBlock(text: unknown): text is string {
  return typeof text === "string" && blockOf(text) !== undefined;
}

/** The addresses of a block such as `10.0.0.0/8`; undefined for any other text. */
export function blockOf(text: string): Block | undefined {
  // Most texts are none, and a parser takes long to find out.
  if (!/^[\da-f:.]+(\/\d+)?$/i.test(text)) return undefined;
  try {
    const isLong = text.includes(":");
    const whole = text.includes("/") ? text : `${text}/${isLong ? 128 : 32}`;
    const [address, prefix] = isLong ? IPv6.parseCIDR(whole) : IPv4.parseCIDR(whole);
    const bytes = address.toByteArray();
    const bits = bytes.length === 4 ? 32 : 128;
    const host = BigInt(bits - prefix);
    const first = (bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) >> host) << host;
    return { bits, first, last: first + (1n << host) - 1n };
  } catch {
    return undefined;
  }
}

/** Two halves admit the same as the whole, so neighbours become one. */
function merged(blocks: readonly Block[]): Block[] {
  const sorted = [...blocks].sort((a, b) => a.bits - b.bits || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const result: Block[] = [];
  for (const block of sorted) {
    const previous = result.at(-1);
    if (previous !== undefined && previous.bits === block.bits && block.first <= previous.last + 1n) {
      if (block.last > previous.last) result[result.length - 1] = { ...previous, last: block.last };
    } else {
      result.push(block);
    }
  }
  return result;
}
