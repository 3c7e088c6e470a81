import type { Synthesized } from "../../support/synthesized.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { type Attribute, type Attributes, resourceTypes, terraformOnly } from "./terraform-schema.ts";

/** Gives the value of a reference to something that another stack makes, for example the name of the bucket. */
export type Resolve = (expression: string) => string;

const noReferences: Resolve = (expression) => {
  throw new Error(`nothing says what \${${expression}} is`);
};

/**
 * The objects that a synthesized stack creates in Kubernetes, as the Terraform provider would send them, in the order of `depends_on`.
 * @throws Error for a resource or an attribute that terraform-schema.ts does not have.
 */
export function manifestsOf(stack: Synthesized, resolve: Resolve = noReferences): KubernetesObject[] {
  const resources = [...stack.resources].filter(([address]) => address.startsWith("kubernetes_"));
  return inOrder(new Map(resources)).map(([address, resource]) => manifestOf(address, resource, resolve));
}

function manifestOf(address: string, resource: KubernetesObject, resolve: Resolve): KubernetesObject {
  const type = resourceTypes[address.split(".")[0] ?? ""];
  if (type === undefined) throw new Error(`${address}: terraform-schema.ts does not know this type`);
  const { apiVersion, kind, attributes } = type;
  const own = Object.fromEntries(Object.entries(resource).filter(([name]) => !terraformOnly.has(name)));
  return { apiVersion, kind, ...(convertBlock(own, attributes, address, resolve) as KubernetesObject) };
}

function convertBlock(block: unknown, attributes: Attributes, path: string, resolve: Resolve): KubernetesObject {
  if (typeof block !== "object" || block === null || Array.isArray(block)) throw new Error(`${path} is no block`);
  const missing = Object.keys(attributes).filter((name) => attributes[name]?.required && !(name in block));
  if (missing.length > 0) throw new Error(`${path}: set ${missing.join(", ")}, or the provider sends its own value`);
  return Object.fromEntries(
    Object.entries(block).map(([name, value]) => {
      const attribute = attributes[name];
      const place = `${path}.${name}`;
      if (attribute === undefined) throw new Error(`${place}: terraform-schema.ts does not know this attribute`);
      return [attribute.name ?? camelCase(name), convert(value, attribute, place, resolve)];
    }),
  );
}

function convert(value: unknown, { kind, attributes = {} }: Attribute, path: string, resolve: Resolve): unknown {
  switch (kind) {
    case "value":
    case "map":
      return evaluate(value, resolve);
    case "number":
      return asNumber(value, path);
    case "number-or-name":
      return /^\d+$/.test(String(value)) ? Number(value) : value;
    case "block":
      return convertBlock(onlyOf(value, path), attributes, path, resolve);
    case "blocks":
      return [value].flat().map((block, index) => convertBlock(block, attributes, `${path}[${index}]`, resolve));
  }
}

function asNumber(value: unknown, path: string): number {
  if (!/^\d+$/.test(String(value))) throw new Error(`${path} must be a number, got ${JSON.stringify(value)}`);
  return Number(value);
}

function onlyOf(value: unknown, path: string): unknown {
  if (!Array.isArray(value)) return value;
  if (value.length !== 1) throw new Error(`${path} must be one block, got ${value.length}`);
  return value[0];
}

/** Values as Terraform evaluates them: `${...}` refers to something, and `$${` and `%%{` are the characters themselves. */
export function evaluate(value: unknown, resolve: Resolve): unknown {
  if (typeof value === "string") {
    if (/(^|[^%])%\{/.test(value)) throw new Error(`directives are not converted: ${value}`);
    const text = value.replaceAll(/\$\$\{|\$\{([^}]*)\}/g, (_, expression) =>
      expression === undefined ? "${" : resolve(expression),
    );
    return text.replaceAll("%%{", "%{");
  }
  if (Array.isArray(value)) return value.map((one) => evaluate(one, resolve));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, evaluate(one, resolve)]));
}

function camelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Every resource behind those that it depends on. */
function inOrder(resources: ReadonlyMap<string, KubernetesObject>): [string, KubernetesObject][] {
  const ordered = new Map<string, KubernetesObject>();
  const add = (address: string) => {
    const resource = resources.get(address);
    if (resource === undefined || ordered.has(address)) return;
    for (const other of resource.depends_on ?? []) add(other);
    ordered.set(address, resource);
  };
  for (const address of resources.keys()) add(address);
  return [...ordered];
}
