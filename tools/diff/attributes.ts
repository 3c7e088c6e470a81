import { isDeepStrictEqual } from "node:util";
import type { Change } from "./plan.ts";

/** An attribute whose value changes, as it may be printed. */
export interface AttributeChange {
  /** For example `vpc_config[0].subnet_ids`. */
  readonly path: string;
  /** Sensitive values are replaced. */
  readonly before: string;
  readonly after: string;
  /** Whether it forces a replacement of the resource. */
  readonly replaces: boolean;
}

/** Longer values are cut; Terraform's own text has them in full. */
const longestValue = 80;
const hidden = "(sensitive value)";
/** In place of a value that the provider decides during the deploy. */
export const unknownValue = "(known after apply)";

/**
 * The changed attributes, each down to the level of the difference, without sensitive values. Creating or destroying a resource
 * changes all of its attributes.
 * @param longest characters of a value. @default 80
 */
export function changedAttributes(change: Change, longest = longestValue): AttributeChange[] {
  const replacing = (change.replace_paths ?? []).map(pathText);
  const { before, after, after_unknown, before_sensitive, after_sensitive } = change;
  const found = differences([], [before ?? {}, after ?? {}, after_unknown, before_sensitive, after_sensitive]);
  return found.map(({ path, before, after }) => ({
    path,
    before: shortened(before, longest),
    after: shortened(after, longest),
    replaces: replacing.some((changed) => isWithin(path, changed) || isWithin(changed, path)),
  }));
}

/** Before, after, and in the same structure: unknown until applied, sensitive before, sensitive after. */
type Values = readonly [before: unknown, after: unknown, unknown: unknown, hideBefore: unknown, hideAfter: unknown];

function differences(path: readonly (string | number)[], values: Values): Omit<AttributeChange, "replaces">[] {
  const [before, after, unknown, hideBefore, hideAfter] = values;
  const isUnknown = holdsTrue(unknown);
  if (!isUnknown && isDeepStrictEqual(before ?? null, after ?? null)) return [];
  const keys = commonKeys(before, after, unknown);
  if (keys !== undefined) {
    return keys.flatMap((key) => differences([...path, key], values.map((value) => child(value, key)) as never));
  }
  return [
    {
      path: pathText(path),
      before: holdsTrue(hideBefore) ? hidden : text(before),
      after: holdsTrue(hideAfter) ? hidden : isUnknown ? unknownValue : text(after),
    },
  ];
}

/** The keys to descend by; undefined if the values are compared as wholes. */
function commonKeys(before: unknown, after: unknown, unknown: unknown): (string | number)[] | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length && unknown !== true ? [...before.keys()] : undefined;
  }
  if (!isObject(before) || !isObject(after) || unknown === true) return undefined;
  return [...new Set([before, after, isObject(unknown) ? unknown : {}].flatMap(Object.keys))];
}

/** A mark of a whole (`true`) also marks its parts. */
function child(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string | number, unknown>)[key]
    : value === true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function holdsTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsTrue);
  return value === true;
}

function text(value: unknown): string {
  return JSON.stringify(value ?? null);
}

function shortened(written: string, longest: number): string {
  return written.length > longest ? `${written.slice(0, longest)}...` : written;
}

/** `["a", 0, "b"]` as `a[0].b`. */
export function pathText(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}

export function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}
