import { eksRegions } from "../../constructs/support/aws-regions.ts";
import { isBlock } from "./admitted-addresses.ts";
import { attributesOf, type Plan } from "./plan.ts";

/** A shorter value of a JSON document is often a word, a port or a size. */
const shortestPart = 8;

/** Words that are switches: no secret, and in many a plan. */
const switches = /^(disabled|required|optional)$/i;

/**
 * The values inside of those secrets that are JSON documents. A program that gets one of them, for example the password of a
 * login, has it in an attribute that is not marked.
 *
 * Some are no secret, and stay visible: words of the code, regions and their zones, blocks of addresses, switches, and names
 * of the plan itself: the addresses, types, attributes and ARNs of its resources.
 *
 * @param code the open part of the code, as text.
 */
export function secretParts(secrets: Iterable<string>, plan: Plan, code: string): string[] {
  const parts = new Set<string>();
  for (const secret of secrets) collectValues(parsed(secret), parts);
  if (parts.size === 0) return [];
  const names = [...new Set(namesOf(plan)), code].join("\n");
  const long = [...parts].filter((part) => part.length >= shortestPart);
  const named = namedOf(long, names);
  return long.filter((part) => !isRegion(part) && !isAddresses(part) && !switches.test(part) && !named.has(part));
}

/** Those of the parts that a text holds. Most parts are random: a search for each of thousands would read megabytes thousands of times. */
function namedOf(parts: readonly string[], text: string): Set<string> {
  const wanted = new Set(parts.flatMap(endsOf));
  const found = new Set<string>();
  for (let place = 0; place < text.length; place++) {
    const piece = text.slice(place, place + shortestPart);
    if (wanted.has(piece)) found.add(piece);
  }
  return new Set(parts.filter((part) => endsOf(part).every((end) => found.has(end)) && text.includes(part)));
}

/** The first and the last characters. Many parts, such as links, share the first. */
const endsOf = (part: string) => [part.slice(0, shortestPart), part.slice(-shortestPart)];

function collectValues(value: unknown, found: Set<string>): void {
  if (typeof value === "number") found.add(String(value));
  if (typeof value === "string") {
    const inner = parsed(value);
    if (inner === undefined) found.add(value);
    else collectValues(inner, found);
  }
  if (typeof value !== "object" || value === null) return;
  for (const inner of Object.values(value)) collectValues(inner, found);
}

/** A JSON document; undefined for any other text, also for a single number. */
function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRegion = (text: string) => eksRegions.includes(text.replace(/(?<=\d)[a-z]$/, ""));

/** A block of addresses gives nobody access, and warnings are about blocks. A long number is none. */
const isAddresses = (text: string) => /[.:].*\//.test(text) && isBlock(text);

function namesOf({ resource_changes = [] }: Plan): string[] {
  return resource_changes.flatMap(({ address, type, change }) => {
    const values = [change.before, change.after].map(attributesOf);
    return [address, type, ...values.flatMap((one) => [...Object.keys(one), String(one.arn ?? "")])];
  });
}
