/** Dollars; where a price changes by the hour, between two of them. */
export interface Dollars {
  readonly least: number;
  readonly most: number;
}

export const dollars = (usd: number): Dollars => ({ least: usd, most: usd });

export const times = (factor: number, { least, most }: Dollars): Dollars => ({
  least: factor * least,
  most: factor * most,
});

export function sum(amounts: readonly Dollars[]): Dollars {
  return amounts.reduce((total, one) => ({ least: total.least + one.least, most: total.most + one.most }), dollars(0));
}

/** As a bill is read: `$73`, `$121 to $243`, `$0.34`, `under $0.01`. */
export function showDollars({ least, most }: Dollars): string {
  const [low, high] = [show(least), show(most)];
  return low === high ? low : `${low} to ${high}`;
}

function show(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.01) return "under $0.01";
  return usd < 10 ? `$${usd.toFixed(2)}` : `$${Math.round(usd).toLocaleString("en")}`;
}
