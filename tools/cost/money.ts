import { formatCount } from "sweep-worker/contract";

/** US dollars. A price that varies, such as that of spot machines, lies between the two. */
export interface PriceRange {
  readonly least: number;
  readonly most: number;
}

export const dollars = (usd: number): PriceRange => ({ least: usd, most: usd });

export const times = (factor: number, { least, most }: PriceRange): PriceRange => ({
  least: factor * least,
  most: factor * most,
});

export function sum(amounts: readonly PriceRange[]): PriceRange {
  return amounts.reduce((total, one) => ({ least: total.least + one.least, most: total.most + one.most }), dollars(0));
}

/** `$73`, `$121 to $243`, `$0.34`, `under $0.01`. */
export function showDollars({ least, most }: PriceRange): string {
  const [low, high] = [show(least), show(most)];
  return low === high ? low : `${low} to ${high}`;
}

function show(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.01) return "under $0.01";
  return usd < 10 ? `$${usd.toFixed(2)}` : `$${formatCount(Math.round(usd))}`;
}
