import { describeProblem } from "../../constructs/support/problems.ts";
import { dev } from "../../environments.ts";
import { problemsOf } from "./fixtures.ts";

/** Keys from the outside to the inside; a text has them with dots between them. */
export type Place = string | readonly (string | number)[];

/** One change to a correct environment: the place, its wrong value, and the place that must be named. @default the changed one */
export type WrongValue = readonly [changed: Place, value: unknown, named?: Place];

/** Values that no figure has. */
export const strange = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, "8", 3n, null, true, []];

/** One change for each wrong value of a place. */
export function each(place: Place, values: readonly unknown[], named: Place = place): WrongValue[] {
  return values.map((value) => [place, value, named]);
}

/** As many texts as asked for, each different. */
export function numbered(count: number, one: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => one(index));
}

/** What is reported of the dev environment with some changes. */
export function messagesWith(...changes: readonly (readonly [Place, unknown])[]): string[] {
  const environment = changes.reduce<unknown>((whole, [place, value]) => replaced(whole, keysOf(place), value), dev);
  return problemsOf(environment).map(describeProblem);
}

/**
 * The wrong values of which no message begins with their place: none, if all are refused well.
 * @param below whether a message may name a place inside the value instead
 */
export function passed(values: readonly WrongValue[], { below = false } = {}): string[] {
  return values.flatMap(([changed, value, named = changed]) => {
    const messages = messagesWith([changed, value]);
    const place = shown(named);
    const beginnings = [`${place} must be `, ...(below ? [`${place}.`, `${place}[`] : [])];
    if (messages.some((message) => beginnings.some((beginning) => message.startsWith(beginning)))) return [];
    const written = typeof value === "string" ? value : typeof value;
    return [`${shown(changed)} = ${written}, told: ${messages.join("; ") || "nothing"}`];
  });
}

function keysOf(place: Place): readonly (string | number)[] {
  return typeof place === "string" ? place.split(".") : place;
}

/** As errors write a place, by way of an error. */
function shown(place: Place): string {
  return describeProblem({ path: keysOf(place), allowed: "", got: "", fix: "" }).replace(/ must be .*/s, "");
}

/** A copy with another value at a place. */
export function replaced(whole: unknown, [key, ...others]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value;
  const inside = replaced((whole as Record<string | number, unknown> | undefined)?.[key], others, value);
  if (Array.isArray(whole)) return whole.map((element, index) => (index === key ? inside : element));
  return { ...(whole as object), [key]: inside };
}
