import { z } from "zod";
import { type Problem, show } from "./problems.ts";

/** Everything that is declared of a field beside its type, for errors, help and reference tables. */
export interface Facts<T> {
  /** Completes "<path> must be ...". */
  readonly allowed: string;
  /** A value that errors propose. */
  readonly example: T;
  /** A field with neither `default` nor `defaultText` must be set. */
  readonly default?: T;
  /** Describes the behaviour where a field without a constant default is left out. */
  readonly defaultText?: string;
  /** For example `MiB`. */
  readonly unit?: string;
  /**
   * Completes an error, in the imperative.
   * @default - "use for example", and the example
   */
  readonly fix?: string;
}

/**
 * A copy of a schema that carries facts as its metadata, with a `fix` for errors.
 *
 * Types name zod's core instead of `z.ZodType`: to compare all methods of two schemas costs the type-check more than all the rest
 * of the app.
 */
export function withFacts<S extends z.core.$ZodType>(schema: S, facts: Facts<z.output<S>>): S {
  const own = z.core.clone(schema);
  z.globalRegistry.add(own, withFix(facts));
  return own;
}

/** Metadata with a `fix`, which completes an error in the imperative. By default it proposes the example. */
export function withFix(facts: Partial<Facts<unknown>> & Pick<Facts<unknown>, "example">): z.GlobalMeta {
  return { ...facts, fix: facts.fix ?? `use for example ${show(facts.example)}` };
}

/** The facts that a schema carries, also through `optional()` and `readonly()`. */
export function factsOf(schema: z.core.$ZodType): Partial<Facts<unknown>> {
  const facts = z.globalRegistry.get(schema);
  if (facts !== undefined) return facts as Partial<Facts<unknown>>;
  const isWrapper = schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly;
  return isWrapper ? factsOf(schema._zod.def.innerType) : {};
}

/**
 * The problem of a value that its schema refuses, or nothing.
 *
 * @param write how a value is written. @default as in TypeScript
 */
export function problemOfValue(
  name: PropertyKey,
  value: unknown,
  schema: z.core.$ZodType,
  write: (value: unknown) => string = show,
): Problem[] {
  const { allowed = "", example, default: byDefault, defaultText } = factsOf(schema);
  const isOptional = byDefault !== undefined || defaultText !== undefined;
  if (value === undefined ? isOptional : z.safeParse(schema, value).success) return [];
  const fix = value === undefined ? `set it, for example to ${write(example)}` : `use for example ${write(example)}`;
  return [{ path: [name], allowed, got: write(value), fix }];
}
