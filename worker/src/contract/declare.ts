import { z } from "zod";
import { type Facts, withFacts } from "./facts.ts";
import { formatCount } from "./format.ts";

/** An option of `sweep run` that sets a setting. */
export interface OptionDeclaration<T> {
  /** As commander writes it, for example `--batch-size <number>`. */
  readonly flags: string;
  /**
   * Value where neither the option nor the variable is set.
   * @default - that of the setting
   */
  readonly default?: T;
  /**
   * Describes such a value where only the running program knows it.
   * @default - none
   */
  readonly defaultText?: string;
}

/** The facts of a setting for the command line. */
export interface SettingFacts<T> extends Facts<T> {
  /** One line for the command's help: the first sentence of the setting's documentation. */
  readonly description: string;
  readonly option?: OptionDeclaration<T>;
}

/** Everything that is declared of a setting beside its type. */
export interface SettingDeclaration<T> extends SettingFacts<T> {
  /** Checks a typed value, and carries its facts. */
  readonly schema: z.core.$ZodType<T>;
}

export function declare<T, const F extends SettingFacts<T>>(schema: z.core.$ZodType<T>, facts: F) {
  return { ...facts, schema: withFacts(schema, facts) };
}

export function wholeNumber<const F extends Omit<SettingFacts<number>, "allowed">>(
  least: number,
  most: number,
  facts: F,
) {
  const units = facts.unit === undefined ? "" : ` of ${facts.unit}`;
  const allowed = `a whole number${units} from ${formatCount(least)} to ${formatCount(most)}`;
  return declare(z.int().min(least).max(most), { ...facts, allowed });
}

/** A number of seconds or milliseconds, fractions included. */
export function duration<const F extends Omit<SettingFacts<number>, "allowed"> & { readonly unit: string }>(
  most: number,
  facts: F,
) {
  const allowed = `a number of ${facts.unit} from 0 to ${formatCount(most)}`;
  return declare(z.number().min(0).max(most), { ...facts, allowed });
}

/** The declarations of settings, by name. */
export type Declarations = Readonly<Record<string, SettingDeclaration<unknown>>>;

type DefaultedName<D> = { [Name in keyof D]: D[Name] extends { readonly default: unknown } ? Name : never }[keyof D];

/** The settings of `T` that have a constant default in `D`, all of them present. */
export type Defaults<D, T> = { readonly [Name in keyof T & DefaultedName<D>]-?: NonNullable<T[Name]> };

/** Values of the settings that may be left out. */
export function defaultsOf<T>(declarations: Declarations): T {
  const entries = Object.entries(declarations);
  return Object.fromEntries(
    entries.flatMap(([name, setting]) => ("default" in setting ? [[name, setting.default]] : [])),
  ) as T;
}

/** The given settings, and `defaults` for those that are absent or undefined. */
export function withDefaultsOf<T extends object, D>(settings: T, defaults: D): T & D {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(given) as T) };
}
