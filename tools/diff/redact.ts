import type { Plan } from "./plan.ts";

/** Shorter secrets would match parts of unrelated words. */
const shortestSecret = 6;

/**
 * Hides sensitive values in Terraform's text. Terraform hides marked attributes, but prints copies of their values that have
 * lost the mark, such as the output of a `terraform_data`.
 */
export function redacted(text: string, plan: Plan): string {
  // The longest first, because a secret may contain another.
  const secrets = [...secretsOf(plan)].sort((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => {
    const quoted = JSON.stringify(secret).slice(1, -1);
    return shown.replaceAll(quoted, "(sensitive value)").replaceAll(secret, "(sensitive value)");
  }, text);
}

/** Outputs are left out: cdktf marks all outputs for other stacks as sensitive, even the cluster's name. */
function secretsOf({ resource_changes = [], resource_drift = [], ...plan }: Plan): Set<string> {
  const found = new Set<string>();
  for (const { change } of [...resource_changes, ...resource_drift]) {
    collect(change.before, change.before_sensitive, found);
    collect(change.after, change.after_sensitive, found);
  }
  for (const [name, { sensitive }] of Object.entries(plan.configuration?.root_module?.variables ?? {})) {
    if (sensitive) collect(plan.variables?.[name]?.value, true, found);
  }
  return found;
}

function collect(value: unknown, sensitive: unknown, found: Set<string>): void {
  if (typeof value === "string" && sensitive === true && value.length >= shortestSecret) found.add(value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    collect(inner, sensitive === true || (sensitive as Record<string, unknown> | null | undefined)?.[key], found);
  }
}
