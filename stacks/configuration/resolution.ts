import { InvalidConfigurationError, type Problem, within } from "../../constructs/support/problems.ts";

/**
 * A value made from a part of what a user wrote, or a refusal. The problems of a refusal may be none: then the shape, or another
 * part that this one needs, is already reported.
 */
export type Resolution<T> = Resolved<T> | Refused;

interface Resolved<T> {
  readonly ok: true;
  readonly value: T;
}

interface Refused {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

export function resolved<T>(value: T): Resolved<T> {
  return { ok: true, value };
}

export function refused(problems: readonly Problem[]): Refused {
  return { ok: false, problems };
}

/** The value, unless there is a problem. */
export function checked<T>(value: T, problems: readonly Problem[]): Resolution<T> {
  return problems.length === 0 ? resolved(value) : refused(problems);
}

/** Calls a constructor that checks its own arguments, so that nothing is checked twice. */
export function attempt<T>(create: () => T): Resolution<T> {
  try {
    return resolved(create());
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return refused(error.problems);
    throw error;
  }
}

/** The resolution of a part, seen from the whole: the paths of its problems get the prefix. */
export function at<T>(prefix: readonly PropertyKey[], part: Resolution<T>): Resolution<T> {
  return part.ok ? part : refused(within(prefix, part.problems));
}

export function problemsIn(part: Resolution<unknown>): readonly Problem[] {
  return part.ok ? [] : part.problems;
}

/** The whole when all of its parts are resolved, otherwise the problems of all parts in their order. */
export function all<T extends object>(parts: { readonly [Key in keyof T]: Resolution<T[Key]> }): Resolution<T> {
  const entries = Object.entries<Resolution<unknown>>(parts);
  const values = entries.flatMap(([key, part]) => (part.ok ? [[key, part.value] as const] : []));
  if (values.length === entries.length) return resolved(Object.fromEntries(values) as T);
  return refused(entries.flatMap(([, part]) => problemsIn(part)));
}

/** As {@link all}, for a list. */
export function allOf<T>(parts: readonly Resolution<T>[]): Resolution<readonly T[]> {
  const values = parts.flatMap((part) => (part.ok ? [part.value] : []));
  return values.length === parts.length ? resolved(values) : refused(parts.flatMap(problemsIn));
}
