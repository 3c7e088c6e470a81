import { isDeepStrictEqual } from "node:util";
import type { Change } from "./plan.ts";
import {
  childValues,
  hiddenValue,
  holdsTrue,
  isObject,
  isWithin,
  type Path,
  pathText,
  unknownValue,
  type Values,
} from "./values.ts";

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

function differences(path: Path, values: Values): Omit<AttributeChange, "replaces">[] {
  const [before, after, unknown, hideBefore, hideAfter] = values;
  const isUnknown = holdsTrue(unknown);
  if (!isUnknown && isDeepStrictEqual(before ?? null, after ?? null)) return [];
  const keys = commonKeys(before, after, unknown);
  if (keys !== undefined) {
    return keys.flatMap((key) => differences([...path, key], childValues(values, key)));
  }
  return [
    {
      path: pathText(path),
      before: holdsTrue(hideBefore) ? hiddenValue : text(before),
      after: holdsTrue(hideAfter) ? hiddenValue : isUnknown ? unknownValue : text(after),
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

function text(value: unknown): string {
  return JSON.stringify(value ?? null);
}

function shortened(written: string, longest: number): string {
  return written.length > longest ? `${written.slice(0, longest)}...` : written;
}
