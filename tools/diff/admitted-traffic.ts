import { newlyAdmitted } from "./admitted-addresses.ts";
import { type Attributes, attributesOf, type Change } from "./plan.ts";
import { isObject } from "./values.ts";

/** Traffic from or to one source, through a range of ports. */
interface Traffic {
  readonly direction: "ingress" | "egress";
  readonly protocol: string;
  readonly ports: readonly [from: number, to: number];
  /** A block of addresses; for anything else, such as another group, its kind and name. */
  readonly source: string;
}

const allPorts = [0, 65_535] as const;

/** Types whose rules are compared with those before them. */
const readers: Readonly<Record<string, (values: Attributes) => Traffic[]>> = {
  aws_security_group: ofGroup,
  aws_default_security_group: ofGroup,
  aws_security_group_rule: (values) =>
    ofRule(values, values.type === "egress" ? "egress" : "ingress", values.protocol, sourcesOf(values)),
  aws_vpc_security_group_ingress_rule: (values) => ofRule(values, "ingress", values.ip_protocol, sourcesOf(values)),
  aws_vpc_security_group_egress_rule: (values) => ofRule(values, "egress", values.ip_protocol, sourcesOf(values)),
};

/** The traffic that a group admits after a change and not before; undefined for a type without such rules. */
export function newTraffic(type: string, change: Change): string[] | undefined {
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read === undefined) return undefined;
  const before = change.before === null || change.before === undefined ? [] : read(attributesOf(change.before));
  const after = change.after === null || change.after === undefined ? [] : read(attributesOf(change.after));
  const decided = [...sourceNames, "ingress", "egress", "protocol", "ip_protocol", "from_port", "to_port"];
  return [...after.filter((traffic) => !isAdmitted(traffic, before)).map(inWords), ...knownLater(change, decided)];
}

/** Those of the attributes, in words, of which nobody knows a part before the deploy. */
export function knownLater({ after_unknown }: Change, names: readonly string[]): string[] {
  const unknown = isObject(after_unknown) ? after_unknown : {};
  const open = names.filter((name) => JSON.stringify(unknown[name] ?? false).includes("true"));
  return open.map((name) => `${name}, which is known after the deploy`);
}

function isAdmitted({ direction, protocol, ports, source }: Traffic, before: readonly Traffic[]): boolean {
  const sources = before
    .filter((other) => other.direction === direction && (other.protocol === "-1" || other.protocol === protocol))
    .filter((other) => other.protocol === "-1" || holdsPorts(other, ports))
    .map((other) => other.source);
  return sources.includes(source) || (!source.includes("=") && newlyAdmitted(sources, [source]).length === 0);
}

function holdsPorts({ protocol, ports: [from, to] }: Traffic, [first, last]: Traffic["ports"]): boolean {
  // Those of ICMP are a type and a code, of which -1 means all.
  if (/^(icmp|icmpv6|1|58)$/.test(protocol)) return (from === -1 || from === first) && (to === -1 || to === last);
  return from <= first && to >= last;
}

function ofGroup(values: Attributes): Traffic[] {
  return (["ingress", "egress"] as const).flatMap((direction) => {
    const rules = values[direction];
    if (!Array.isArray(rules)) return [];
    return rules.filter(isObject).flatMap((rule) => ofRule(rule, direction, rule.protocol, sourcesOf(rule)));
  });
}

function ofRule(
  { from_port, to_port }: Attributes,
  direction: Traffic["direction"],
  protocol: unknown,
  sources: readonly string[],
): Traffic[] {
  const named = String(protocol ?? "-1");
  const isAll = named === "-1" || named === "all";
  const ports: Traffic["ports"] = isAll ? allPorts : [Number(from_port ?? 0), Number(to_port ?? from_port ?? 65_535)];
  return sources.map((source) => ({ direction, protocol: isAll ? "-1" : named, ports, source }));
}

const blockNames = ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"];
const otherNames = [
  "prefix_list_ids",
  "prefix_list_id",
  "security_groups",
  "source_security_group_id",
  "referenced_security_group_id",
  "self",
];
const sourceNames = [...blockNames, ...otherNames];

function sourcesOf(values: Attributes): string[] {
  const texts = (name: string) => [values[name] ?? []].flat().filter((value) => value !== "" && value !== false);
  return [
    ...blockNames.flatMap((name) => texts(name).map(String)),
    ...otherNames.flatMap((name) => texts(name).map((value) => `${name}=${value}`)),
  ];
}

function inWords({ direction, protocol, ports: [from, to], source }: Traffic): string {
  const through =
    protocol === "-1" ? "any protocol" : from === to ? `${protocol} ${from}` : `${protocol} ${from}-${to}`;
  return `${direction === "ingress" ? "from" : "to"} ${source.replace("=", " ")} by ${through}`;
}
