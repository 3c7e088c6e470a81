/** Where a value is in a resource: the names of attributes, and the places in lists. */
export type Path = readonly (string | number)[];

/** A value before and after a change, and the marks that a plan gives in the same structure: unknown, sensitive before, sensitive after. */
export type Values = readonly [
  before: unknown,
  after: unknown,
  unknown: unknown,
  hideBefore: unknown,
  hideAfter: unknown,
];

/** In place of a value that nobody may see. */
export const hiddenValue = "(sensitive value)";
/** In place of a value that the provider decides during the deploy. */
export const unknownValue = "(known after apply)";

/** `["a", 0, "b"]` as `a[0].b`. */
export function pathText(path: Path): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}

/** Whether a path is another, or in it. */
export function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The values of an entry. */
export function childValues(values: Values, key: string | number): Values {
  return values.map((value) => child(value, key)) as unknown as Values;
}

/** A mark of a whole (`true`) also marks its parts. */
export function child(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string | number, unknown>)[key]
    : value === true
      ? true
      : undefined;
}

/** Whether a mark is set for the value, or for a part of it. */
export function holdsTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsTrue);
  return value === true;
}
