import type { Pair } from "./pairs.ts";

/** A value as text, for comparisons. */
export const exact = (value: unknown) => JSON.stringify(value ?? null);
/** A value as text, cut for a reader. */
export const written = (value: unknown) => {
  const text = exact(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
};
const afterOf = ({ after, isUnknown }: Pair) => (isUnknown ? "(known after apply)" : written(after));
/** For example `min_size: 0 -> 2`. */
export const fromTo = (pair: Pair) => `${pair.path}: ${written(pair.before)} -> ${afterOf(pair)}`;

/** Whether it is no value, an empty text or an empty list. */
export const isEmpty = (value: unknown) =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
