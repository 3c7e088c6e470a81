import { dollars, type PriceRange } from "./money.ts";
import { hoursPerMonth } from "./price-table.ts";

/** One line of a month's bill. */
export interface CostLine {
  readonly item: string;
  /** The calculation: `2 x 730 h x $0.0832`. */
  readonly how: string;
  /** While nothing is computed. */
  readonly idle: PriceRange;
  /** With every pool at its maximum and busy, all month. */
  readonly maximum: PriceRange;
  /** A change that lowers it. */
  readonly lower: string;
  /** A further fact to know about it. */
  readonly note?: string;
  /** The parts that the amounts lack, because they have no price. */
  readonly lacks?: readonly string[];
}

/** A line without an amount, because nothing of it has a price. */
export function incomplete(item: string, lacks: readonly string[]): CostLine {
  return { item, how: "no price", idle: dollars(0), maximum: dollars(0), lower: "nothing", lacks };
}

/** A price that is paid all month, busy or idle. */
export function fixed(item: string, how: string, usdPerMonth: number, lower: string): CostLine[] {
  return [{ item, how, idle: dollars(usdPerMonth), maximum: dollars(usdPerMonth), lower }];
}

/** A number of things that are billed by the hour. */
export function hourly(item: string, count: number, usdPerHour: number, lower: string): CostLine[] {
  return fixed(item, `${count} x ${hoursPerMonth} h x $${usdPerHour}`, count * hoursPerMonth * usdPerHour, lower);
}
