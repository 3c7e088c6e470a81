const DIGITS = "\\d+(_\\d+)*";
const NUMBER = new RegExp(`^-?${DIGITS}(\\.${DIGITS})?(e[+-]?\\d+)?$`, "i");

/** The spellings of a number, for help. */
export const NUMBER_SPELLINGS = "A number may be written as 10000000, 10_000_000 or 1e7.";

/**
 * The number that a text on a command line or in an environment variable means, as JavaScript writes it: `10000000`, `10_000_000`, `1e7`,
 * `0.5`. Undefined for any other text, such as `10__000`, `0x10`, an empty text, `Infinity` or a number that is too large for JavaScript.
 */
export function numberIn(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}
