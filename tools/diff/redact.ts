import { type Plan, type ResourceChange, withoutKeys } from "./plan.ts";
import { secretParts } from "./secret-parts.ts";
import { hiddenValue } from "./values.ts";

/** Shorter secrets would match parts of unrelated words. */
const shortestSecret = 6;

/** Hides sensitive values in a text. @param resource the resource that the text is about, if it is about one alone. */
export type Redactor = (text: string, resource?: Pick<ResourceChange, "address">) => string;

/**
 * Hides sensitive values in Terraform's text. Terraform hides marked attributes, but prints copies of their values that have
 * lost the mark, such as the output of a `terraform_data`.
 *
 * A sensitive value that the code has in clear, too, is no secret there: a password equal to the name of the region must not blank the
 * region. Such a value is hidden in its own resource alone, where no constant of the code stands.
 */
export function redacted(text: string, plan: Plan): string {
  const hide = redactor(plan);
  const own = new Map([...ownSecrets(plan)].map(([address, secrets]) => [address, withParts(secrets)]));
  if (own.size === 0) return hide(text);
  const constants = constantsOf(plan);
  // Terraform begins each resource with a comment that names it.
  let address = "";
  const lines = text.split("\n").map((line) => {
    const [, begun] = /^ *# (\S+) (?:will|must|is|has|\(deposed)/.exec(line) ?? [];
    if (begun !== undefined) address = begun;
    if (/^(?:Plan:|Changes to Outputs:)/.test(line)) address = "";
    const secrets = own.get(address);
    return secrets === undefined ? line : hideWhole(line, secrets, constants.get(withoutKeys(address)));
  });
  return hide(lines.join("\n"));
}

/** Each form of a report asks for that of its plans. */
const redactors = new WeakMap<Plan, Redactor>();

/** The function that hides the sensitive values of a plan, which it reads only once. */
export function redactor(plan: Plan): Redactor {
  const hide = redactors.get(plan) ?? newRedactor(plan);
  redactors.set(plan, hide);
  return hide;
}

function newRedactor(plan: Plan): Redactor {
  const { all, inCode, code } = secretsOf(plan);
  const search = searchFor([...[...all].filter((secret) => !inCode.has(secret)), ...secretParts(all, plan, code)]);
  const own = new Map<string, (text: string) => string>();
  for (const [address, secrets] of ownSecrets(plan)) {
    own.set(address, searchFor([...secrets].filter((secret) => typeof secret === "string")));
  }
  return (text, resource) => search(own.get(resource?.address ?? "")?.(text) ?? text);
}

/** Secrets as Terraform prints them in pieces: a text of several lines line by line, and JSON value by value. */
function withParts(secrets: ReadonlySet<Secret>): Set<Secret> {
  const found = new Set(secrets);
  for (const secret of secrets) {
    if (typeof secret !== "string") continue;
    for (const line of linesOf(secret)) found.add(line);
    try {
      if (/^\s*[[{]/.test(secret)) collect(JSON.parse(secret), true, found);
    } catch {
      // It is no JSON.
    }
  }
  return found;
}

/** The lines of a text that has several. */
function linesOf(text: string): string[] {
  if (!text.includes("\n")) return [];
  return (
    text
      .split("\n")
      .map((line) => line.trim())
      // A bracket alone tells nothing, and the plan has its own.
      .filter((line) => /\w/.test(line))
  );
}

/** Hides a secret where it is a whole line, or a whole value, unless the code gives the attribute that constant. */
function hideWhole(
  line: string,
  secrets: ReadonlySet<Secret>,
  constants: ReadonlyMap<string, Secret> | undefined,
): string {
  const trimmed = line.trim();
  const whole = [trimmed, trimmed.replace(/^[-+~] +/, "")].find((text) => secrets.has(text));
  if (whole !== undefined) return line.slice(0, line.lastIndexOf(whole)) + hiddenValue;
  // "(1 unchanged attribute hidden)"
  if (trimmed.startsWith("#")) return line;
  const [, key = ""] = /^\s*(?:[-+~]|-\/\+|\+\/-)?\s*"?([\w-]+)"?\s*=/.exec(line) ?? [];
  return line.replace(/"((?:[^"\\]|\\.)*)"|(?<![\w.-])-?\d+(?:\.\d+)?(?![\w.])/g, (value, inner?: string) => {
    const secret = inner === undefined ? Number(value) : unquoted(value, inner);
    return secrets.has(secret) && constants?.get(key) !== (inner ?? secret) ? hiddenValue : value;
  });
}

function unquoted(quoted: string, inner: string): string {
  try {
    return JSON.parse(quoted);
  } catch {
    return inner;
  }
}

type Secret = string | number;

/** The sensitive values of each resource, of any length. */
function ownSecrets({ resource_changes = [], resource_drift = [] }: Plan): Map<string, Set<Secret>> {
  const found = new Map<string, Set<Secret>>();
  for (const { address, change } of [...resource_changes, ...resource_drift]) {
    const secrets = found.get(address) ?? new Set<Secret>();
    collect(change.before, change.before_sensitive, secrets);
    collect(change.after, change.after_sensitive, secrets);
    secrets.delete("");
    if (secrets.size > 0) found.set(address, secrets);
  }
  return found;
}

/** Outputs are left out: cdktf marks all outputs for other stacks as sensitive, even the cluster's name. */
function secretsOf(plan: Plan): { readonly all: Set<string>; readonly inCode: Set<string>; readonly code: string } {
  const all = new Set([...ownSecrets(plan).values()].flatMap((secrets) => [...secrets]));
  for (const [name, { sensitive }] of Object.entries(plan.configuration?.root_module?.variables ?? {})) {
    if (sensitive) collect(plan.variables?.[name]?.value, true, all);
  }
  const inCode = new Set<string>();
  const code: string[] = [];
  const addOpen = (expressions: object, isOpen: (key: string) => boolean) => {
    const open = Object.fromEntries(Object.entries(expressions).filter(([key]) => isOpen(key)));
    constantsIn(open, inCode);
    code.push(JSON.stringify(open));
  };
  const { provider_config = {}, root_module } = plan.configuration ?? {};
  for (const { expressions = {} } of Object.values(provider_config)) {
    addOpen(expressions, (key) => !/token|password|secret|_key|certificate/.test(key));
  }
  // A password in the code is a secret all the same.
  const marked = markedAttributes(plan);
  for (const { address, expressions = {} } of root_module?.resources ?? []) {
    addOpen(expressions, (key) => marked.get(address)?.has(key) !== true);
  }
  return { all: new Set([...all].filter((secret) => typeof secret === "string")), inCode, code: code.join("\n") };
}

/** The attributes of each resource in the code of which a part is sensitive. */
function markedAttributes({ resource_changes = [] }: Plan): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { address, change } of resource_changes) {
    const keys = found.get(withoutKeys(address)) ?? new Set<string>();
    for (const marks of [change.before_sensitive, change.after_sensitive]) {
      for (const [key, mark] of Object.entries(marks ?? {})) {
        if (JSON.stringify(mark).includes("true")) keys.add(key);
      }
    }
    found.set(withoutKeys(address), keys);
  }
  return found;
}

/** The constants of each resource in the code, by their attributes. */
function constantsOf({ configuration }: Plan): Map<string, Map<string, Secret>> {
  return new Map(
    (configuration?.root_module?.resources ?? []).map(({ address, expressions }) => [
      address,
      new Map(
        Object.entries(expressions ?? {}).flatMap(([key, expression]) => {
          const { constant_value } = expression as { readonly constant_value?: unknown };
          return typeof constant_value === "string" || typeof constant_value === "number"
            ? [[key, constant_value] as const]
            : [];
        }),
      ),
    ]),
  );
}

function constantsIn(expression: unknown, found: Set<string>): void {
  if (typeof expression !== "object" || expression === null) return;
  for (const [key, inner] of Object.entries(expression)) {
    if (key === "constant_value" && typeof inner === "string") found.add(inner);
    else constantsIn(inner, found);
  }
}

function collect(value: unknown, sensitive: unknown, found: Set<Secret>): void {
  if ((typeof value === "string" || typeof value === "number") && sensitive === true) found.add(value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    collect(inner, sensitive === true || (sensitive as Record<string, unknown> | null | undefined)?.[key], found);
  }
}

/** A shorter line of a secret may be a line of anything else. */
const shortestLine = 16;

/**
 * Replaces secrets, also as JSON writes them, and the lines of those that have several. It looks at each place of the text
 * once: thousands of secrets in megabytes of a plan would take minutes one after the other.
 */
function searchFor(secrets: readonly string[]): (text: string) => string {
  const written = secrets
    .filter(({ length }) => length >= shortestSecret)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      ...linesOf(secret).filter(({ length }) => length >= shortestLine),
    ]);
  const byStart = new Map<string, string[]>();
  // The longest first, because a secret may contain another.
  for (const secret of [...new Set(written)].sort((a, b) => b.length - a.length)) {
    const start = secret.slice(0, shortestSecret);
    const known = byStart.get(start);
    if (known === undefined) byStart.set(start, [secret]);
    else known.push(secret);
  }
  if (byStart.size === 0) return (text) => text;
  return (text) => {
    let [shown, from] = ["", 0];
    for (let place = 0; place <= text.length - shortestSecret; place++) {
      const candidates = byStart.get(text.slice(place, place + shortestSecret));
      const secret = candidates?.find((candidate) => text.startsWith(candidate, place));
      if (secret === undefined) continue;
      shown += text.slice(from, place) + hiddenValue;
      from = place + secret.length;
      place = from - 1;
    }
    return shown + text.slice(from);
  };
}
