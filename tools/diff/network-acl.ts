import { type Block, blockOf } from "./admitted-addresses.ts";
import { knownLater } from "./admitted-traffic.ts";
import { type Attributes, attributesOf, type Change } from "./plan.ts";
import { isObject } from "./values.ts";

/** A rule of a network ACL. Of each direction, the rule with the lowest number decides that holds a packet; without one it is denied. */
interface Rule {
  readonly number: number;
  readonly allows: boolean;
  readonly direction: "ingress" | "egress";
  /** Its number; -1 means all. */
  readonly protocol: string;
  /** Of ICMP, 256 times the type, plus the code. All of a protocol without ports. */
  readonly ports: Range;
  readonly block: Block;
  /** The block as the code has it. */
  readonly source: string;
}

type Range = readonly [from: number, to: number];

/**
 * The traffic that a network ACL, or one rule of it, allows after a change and not before; undefined for another type.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
 */
export function newlyAllowed(type: string, change: Change): string[] | undefined {
  const [before, after] = [attributesOf(change.before), attributesOf(change.after)];
  if (/^aws_(default_)?network_acl$/.test(type)) {
    const [old, now] = [rulesOf(before), rulesOf(after)];
    return [...new Set(newlyPassing(old, now)), ...knownLater(change, ["ingress", "egress"])];
  }
  if (type !== "aws_network_acl_rule") return undefined;
  const names = ["rule_number", "rule_action", "egress", "protocol", "cidr_block", "ipv6_cidr_block"];
  const later = knownLater(change, [...names, "from_port", "to_port", "icmp_type", "icmp_code"]);
  return later.length > 0 ? later : [newlyPassingAlone(ofItsOwn(before), ofItsOwn(after)) ?? []].flat();
}

function rulesOf(acl: Attributes): Rule[] {
  return (["ingress", "egress"] as const).flatMap((direction) => {
    const rules = acl[direction];
    if (!Array.isArray(rules)) return [];
    return rules.filter(isObject).flatMap((rule) => ruleOf(rule, direction, rule.rule_no, rule.action) ?? []);
  });
}

function ofItsOwn(rule: Attributes): Rule | undefined {
  return ruleOf(rule, rule.egress === true ? "egress" : "ingress", rule.rule_number, rule.rule_action);
}

/** A state has the number of a protocol, and the code often its name. Other names are compared as they are. */
const numbers: Readonly<Record<string, string>> = {
  all: "-1",
  tcp: "6",
  udp: "17",
  icmp: "1",
  icmpv6: "58",
  "ipv6-icmp": "58",
};
const allPorts: Range = [0, 65_535];

function ruleOf(values: Attributes, direction: Rule["direction"], number: unknown, action: unknown): Rule | undefined {
  const source = String(values.cidr_block || values.ipv6_cidr_block || "");
  const block = blockOf(source);
  if (block === undefined) return undefined;
  const name = String(values.protocol ?? "-1").toLowerCase();
  const protocol = numbers[name] ?? name;
  const allows = String(action).toLowerCase() === "allow";
  return { number: Number(number), allows, direction, protocol, ports: portsOf(protocol, values), block, source };
}

function portsOf(protocol: string, { from_port, to_port, icmp_type, icmp_code }: Attributes): Range {
  if (protocol === "6" || protocol === "17") return [Number(from_port ?? 0), Number(to_port ?? 65_535)];
  if (protocol !== "1" && protocol !== "58") return allPorts;
  const [type, code] = [Number(icmp_type ?? -1), Number(icmp_code ?? -1)];
  if (type === -1) return allPorts;
  return code === -1 ? [type * 256, type * 256 + 255] : [type * 256 + code, type * 256 + code];
}

/** Compares what both let pass, at the first packet of each range in which no rule begins or ends. */
function newlyPassing(before: readonly Rule[], after: readonly Rule[]): string[] {
  const found: string[] = [];
  const both = [...before, ...after];
  for (const direction of ["ingress", "egress"] as const) {
    for (const bits of [32, 128] as const) {
      const ofFamily = (rule: Rule) => rule.direction === direction && rule.block.bits === bits;
      const starts = new Set(both.filter(ofFamily).flatMap(({ block }) => [block.first, block.last + 1n]));
      for (const address of starts) {
        const holdsAddress = (rule: Rule) =>
          ofFamily(rule) && rule.block.first <= address && address <= rule.block.last;
        found.push(...newlyPassingThere(before.filter(holdsAddress), after.filter(holdsAddress)));
      }
    }
  }
  return found;
}

/** The same, of rules that hold the same addresses. */
function newlyPassingThere(before: readonly Rule[], after: readonly Rule[]): string[] {
  const found: string[] = [];
  // Beside the named protocols, "-1" stands for every other one.
  for (const protocol of new Set([...before, ...after].map((rule) => rule.protocol))) {
    const holdsProtocol = (rule: Rule) => rule.protocol === "-1" || rule.protocol === protocol;
    const [old, now] = [before, after].map((rules) =>
      rules.filter(holdsProtocol).sort((one, other) => one.number - other.number),
    ) as [Rule[], Rule[]];
    const starts = new Set([...old, ...now].flatMap(({ ports: [from, to] }) => [from, to + 1]));
    for (const port of starts) {
      const decides = (rules: readonly Rule[]) => rules.find(({ ports: [from, to] }) => from <= port && port <= to);
      const [then, rule] = [decides(old), decides(now)];
      if (rule?.allows !== true || then?.allows === true) continue;
      found.push(then === undefined ? inWords(rule) : `${inWords(rule, then)}, which rule ${then.number} denied`);
    }
  }
  return found;
}

/** Nobody knows the other rules of the ACL: an allowance that moves forward may pass a denial, and a denial that moves back an allowance. */
function newlyPassingAlone(before: Rule | undefined, after: Rule | undefined): string | undefined {
  if (before?.allows === false && !(after?.allows === false && after.number <= before.number && holds(after, before))) {
    if (after?.allows === true && holds(after, before)) return `${inWords(after)}, which rule ${before.number} denied`;
    const released = `what rule ${before.number} denied: ${traffic(before)}`;
    return after?.allows === true ? `${inWords(after)}, and ${released}` : released;
  }
  if (after?.allows !== true) return undefined;
  if (before === undefined || !holds(before, after)) return inWords(after);
  return after.number < before.number ? `${inWords(after)}, which had the number ${before.number}` : undefined;
}

function holds(outer: Rule, inner: Rule): boolean {
  return (
    outer.direction === inner.direction &&
    outer.block.bits === inner.block.bits &&
    outer.block.first <= inner.block.first &&
    outer.block.last >= inner.block.last &&
    (outer.protocol === "-1" || outer.protocol === inner.protocol) &&
    outer.ports[0] <= inner.ports[0] &&
    outer.ports[1] >= inner.ports[1]
  );
}

/** The traffic of a rule, or the part of it that another rule holds, too. */
function inWords(rule: Rule, within: Rule = rule): string {
  const narrower = rule.block.last - rule.block.first <= within.block.last - within.block.first ? rule : within;
  const protocol = rule.protocol === "-1" ? within.protocol : rule.protocol;
  const ports: Range = [Math.max(rule.ports[0], within.ports[0]), Math.min(rule.ports[1], within.ports[1])];
  return `${traffic({ ...narrower, protocol, ports })} (rule ${rule.number})`;
}

function traffic({ direction, source, protocol, ports: [from, to] }: Rule): string {
  const name = Object.keys(numbers).find((one) => numbers[one] === protocol) ?? `protocol ${protocol}`;
  const ports = from === to ? `${from}` : `${from}-${to}`;
  const type = to - from > 255 ? "any type" : `type ${from >> 8}${from === to ? `, code ${from & 255}` : ""}`;
  const through = { "-1": "any protocol", "1": `icmp of ${type}`, "58": `icmpv6 of ${type}` }[protocol];
  const named = protocol === "6" || protocol === "17" ? `${name} ${ports}` : name;
  return `${direction === "ingress" ? "from" : "to"} ${source} by ${through ?? named}`;
}
