/**
 * A value as an expression of CEL. Every element is dynamic, since Kubernetes' CEL takes no lists or maps of different types.
 * @see https://kubernetes.io/docs/reference/using-api/cel/
 */
export function celLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dynamic).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => `${celText(key)}: ${dynamic(one)}`);
    return `{${entries.join(", ")}}`;
  }
  return typeof value === "string" ? celText(value) : String(value);
}

/** A text as CEL writes it, which is as JSON does. */
export function celText(text: string): string {
  return JSON.stringify(text);
}

function dynamic(value: unknown): string {
  return `dyn(${celLiteral(value)})`;
}
