import { isDeepStrictEqual } from "node:util";
import type { Change } from "./plan.ts";
import { child, childValues, holdsTrue, isObject, type Path, pathText, type Values } from "./values.ts";

/** A value of a resource before and after its change, at any depth. */
export interface Pair {
  /** For example `vpc_config[0].public_access_cidrs`. */
  readonly path: string;
  /** The last name of the path, in lower case with underscores, also where a chart writes it as camelCase. */
  readonly key: string;
  readonly before: unknown;
  /** Undefined if it is removed, and if it is known only after the deploy. */
  readonly after: unknown;
  /** Whether the provider decides the value, or a part of it, during the deploy. */
  readonly isUnknown: boolean;
  /** Whether no text may contain the value. */
  readonly isSensitive: boolean;
}

/**
 * Every named value that a change touches, the outer ones before those in them. Blocks of a list are compared by what they hold and not by
 * their place, because the order of a set is Terraform's own.
 */
export function pairsOf({ before, after, after_unknown, before_sensitive, after_sensitive }: Change): Pair[] {
  return inside([], [before, after, after_unknown, before_sensitive, after_sensitive]);
}

function inside(path: Path, values: Values): Pair[] {
  const [before, after, unknown] = values;
  if (Array.isArray(before) || Array.isArray(after)) return insideList(path, values);
  if (!isObject(before) && !isObject(after)) return [];
  const keys = new Set([before, after, unknown].filter(isObject).flatMap(Object.keys));
  return [...keys].flatMap((key) => of([...path, key], childValues(values, key)));
}

function of(path: Path, values: Values): Pair[] {
  const [before, after, unknown, hideBefore, hideAfter] = values;
  const isUnknown = holdsTrue(unknown);
  if (!isUnknown && isDeepStrictEqual(before ?? null, after ?? null)) return [];
  const isSensitive = holdsTrue(hideBefore) || holdsTrue(hideAfter);
  const key = snakeCase(String(path.findLast((part) => typeof part === "string")));
  return [{ path: pathText(path), key, before, after, isUnknown, isSensitive }, ...inside(path, values)];
}

function insideList(path: Path, values: Values): Pair[] {
  // A chart's values are JSON in a string.
  const isChart = path.at(-1) === "values";
  const listed = (value: unknown): unknown[] => (Array.isArray(value) ? (isChart ? value.map(parsed) : value) : []);
  const [before, after] = [listed(values[0]), listed(values[1])];
  const removed = places(before, after);
  const added = places(after, before);
  const named = (value: unknown) => (isObject(value) ? (value.id ?? value.name ?? value.sid) : undefined);
  const found: Pair[] = [];
  const left = new Set(removed);
  const byName = new Map<unknown, number[]>();
  for (const index of removed) {
    const name = named(before[index]);
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [index]);
    else known.push(index);
  }
  for (const index of added) {
    const name = named(after[index]);
    const namesake = name === undefined ? undefined : byName.get(name)?.find((other) => left.has(other));
    const partner = namesake ?? (left.has(index) ? index : left.values().next().value);
    if (partner !== undefined) left.delete(partner);
    const [, , unknown, hideBefore, hideAfter] = values;
    const own = [
      partner === undefined ? undefined : before[partner],
      after[index],
      child(unknown, index),
      partner === undefined ? undefined : child(hideBefore, partner),
      child(hideAfter, index),
    ];
    found.push(...inside([...path, index], own as unknown as Values));
  }
  // A container takes its protections and its rights with it.
  if (/^(init_?)?containers?$/i.test(String(path.at(-1)))) return found;
  // A list that nobody knows as a whole may hold the same again.
  const isUnknown = values[2] === true;
  for (const index of left)
    found.push(...inside([...path, index], [before[index], undefined, isUnknown, child(values[3], index), undefined]));
  return found;
}

function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" && value.startsWith("{") ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

/** The places of a list whose values the other has not. */
function places(list: readonly unknown[], other: readonly unknown[]): number[] {
  // By text, because a set of a thousand rules would take a million comparisons.
  const known = new Map<string, number>();
  for (const value of other) known.set(JSON.stringify(value), (known.get(JSON.stringify(value)) ?? 0) + 1);
  return [...list.keys()].filter((index) => {
    const text = JSON.stringify(list[index]);
    const count = known.get(text) ?? 0;
    known.set(text, count - 1);
    return count <= 0;
  });
}

function snakeCase(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase();
}
