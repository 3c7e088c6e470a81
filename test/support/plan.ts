import { isDeepStrictEqual } from "node:util";

/** The part of `terraform show -json` that the tests read. */
export interface Plan {
  readonly resource_changes: readonly ResourceChange[];
  readonly output_changes: Readonly<Record<string, unknown>>;
  readonly configuration: unknown;
}

export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly after: Readonly<Record<string, unknown>> | null;
    readonly after_unknown: Readonly<Record<string, unknown>>;
  };
}

/** The values that a plan takes from the configuration: without empty ones, and without those that AWS will fill in. */
export function normalized(plan: Plan): Record<string, unknown> {
  const changes = [...plan.resource_changes].sort((a, b) => a.address.localeCompare(b.address));
  return Object.fromEntries(changes.map(({ address, change }) => [address, withoutEmpty(change.after)]));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value)
    // Every tag stands in tags already, or in the provider's defaults.
    .filter(([key]) => key !== "tags_all")
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== null && inner !== "" && JSON.stringify(inner) !== "[]");
  return Object.fromEntries(kept);
}

/**
 * Configured values that the plan lacks, or that differ there. References to other resources are left out, because only an apply
 * knows them. JSON is compared as JSON, because the provider writes it in an order of its own.
 */
export function differencesOf(configured: unknown, planned: unknown, path: string): string[] {
  if (configured === undefined || isReference(configured)) return [];
  if (Array.isArray(configured)) {
    // Terraform keeps sets in an order of its own, too.
    const candidates: unknown[] = Array.isArray(planned) ? planned : [];
    return configured
      .filter((value) => !isReference(value))
      .filter((value) => !candidates.some((candidate) => differencesOf(value, candidate, path).length === 0))
      .map((value) => `${path}: ${JSON.stringify(value)} is not in ${JSON.stringify(planned)}`);
  }
  if (typeof configured === "object" && configured !== null) {
    // A block that may stand once is a list of one in the plan.
    const block = (Array.isArray(planned) ? planned[0] : planned) as Record<string, unknown> | null | undefined;
    return Object.entries(configured)
      .filter(([key]) => !["//", "depends_on", "lifecycle", "provider", "provisioner"].includes(key))
      .flatMap(([key, value]) => differencesOf(value, block?.[key], `${path}.${key}`));
  }
  if (String(configured) === String(planned) || sameJson(configured, planned)) return [];
  return [`${path}: ${configured} is ${JSON.stringify(planned)} in the plan`];
}

function isReference(value: unknown): boolean {
  return typeof value === "string" && value.includes("$" + "{");
}

function sameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== "string" || typeof other !== "string" || !one.startsWith("{") || !other.startsWith("{"))
    return false;
  return isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
}
