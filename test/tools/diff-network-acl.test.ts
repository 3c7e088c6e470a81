import fc from "fast-check";
import { newlyAllowed } from "../../tools/diff/network-acl.ts";
import type { ResourceChange } from "../../tools/diff/plan.ts";
import { inWords, plan, update } from "../support/plan-changes.ts";

const saidOf = (...resource_changes: ResourceChange[]) => inWords(plan(resource_changes));

interface Options {
  readonly protocol?: string;
  readonly ports?: readonly [number, number];
  readonly icmp?: readonly [type: number, code: number];
}
/** An entry as the provider writes it: protocols are numbers, and an absent block of addresses is empty. */
const entry = (
  rule_no: number,
  action: "allow" | "deny",
  block: string,
  { protocol = "6", ports = [22, 22], icmp = [0, 0] }: Options = {},
) => ({
  rule_no,
  action,
  protocol,
  from_port: ports[0],
  to_port: ports[1],
  icmp_type: icmp[0],
  icmp_code: icmp[1],
  cidr_block: block.includes(":") ? "" : block,
  ipv6_cidr_block: block.includes(":") ? block : "",
});
const any = { protocol: "-1", ports: [0, 0] } as const;
const acl = (...ingress: object[]) => ({ ingress, egress: [entry(100, "allow", "0.0.0.0/0", any)] });
const everything = entry(100, "allow", "0.0.0.0/0", any);

describe.each(["aws_network_acl", "aws_default_network_acl"])("%s newly admits", (type) => {
  test.each<[string, object, object, string]>([
    ["a rule", acl(), acl(entry(100, "allow", "0.0.0.0/0")), "from 0.0.0.0/0 by tcp 22 (rule 100)"],
    [
      "more addresses",
      acl(entry(100, "allow", "10.0.0.0/16")),
      acl(entry(100, "allow", "10.0.0.0/8")),
      "from 10.0.0.0/8 by tcp 22 (rule 100)",
    ],
    [
      "more ports",
      acl(entry(100, "allow", "10.0.0.0/8")),
      acl(entry(100, "allow", "10.0.0.0/8", { ports: [22, 80] })),
      "from 10.0.0.0/8 by tcp 22-80 (rule 100)",
    ],
    [
      "another protocol",
      acl(entry(100, "allow", "10.0.0.0/8")),
      acl(entry(100, "allow", "10.0.0.0/8", { protocol: "udp" })),
      "from 10.0.0.0/8 by udp 22 (rule 100)",
    ],
    ["every protocol", acl(), acl(everything), "from 0.0.0.0/0 by any protocol (rule 100)"],
    [
      "a rule of ICMP",
      acl(entry(100, "allow", "::/0", { protocol: "58", icmp: [128, -1] })),
      acl(entry(100, "allow", "::/0", { protocol: "ipv6-icmp", icmp: [-1, -1] })),
      "from ::/0 by icmpv6 of any type (rule 100)",
    ],
    [
      "traffic before its denial",
      acl(entry(90, "deny", "192.0.2.0/24", any), everything),
      acl(entry(90, "deny", "192.0.2.0/24", any), entry(80, "allow", "0.0.0.0/0")),
      "from 192.0.2.0/24 by tcp 22 (rule 80), which rule 90 denied",
    ],
    [
      "traffic without its denial",
      acl(entry(90, "deny", "192.0.2.0/24", any), everything),
      acl(everything),
      "from 192.0.2.0/24 by any protocol (rule 100), which rule 90 denied",
    ],
    [
      "traffic of a narrower denial",
      acl(entry(90, "deny", "0.0.0.0/0", { ports: [20, 30] }), everything),
      acl(entry(90, "deny", "0.0.0.0/0", { ports: [20, 21] }), everything),
      "from 0.0.0.0/0 by tcp 20-30 (rule 100), which rule 90 denied",
    ],
  ])("%s", (_, before, after, said) => {
    expect(update(type, before, after)).toEqual([`loud: ADMITS MORE, it newly admits ${said}`]);
  });

  test("traffic to addresses", () => {
    const before = { ingress: [], egress: [] };
    expect(update(type, before, { ingress: [], egress: [entry(7, "allow", "0.0.0.0/0")] })).toEqual([
      "loud: ADMITS MORE, it newly admits to 0.0.0.0/0 by tcp 22 (rule 7)",
    ]);
  });

  test("nothing by less, by other numbers, or by other tags", () => {
    for (const [before, after] of [
      [acl(everything), acl()],
      [acl(everything), acl(entry(100, "allow", "10.0.0.0/8"))],
      [acl(everything), acl(entry(50, "deny", "192.0.2.0/24", any), everything)],
      [acl(everything), acl({ ...everything, rule_no: 7 })],
      [acl(everything), acl(entry(7, "allow", "0.0.0.0/1", any), entry(8, "allow", "128.0.0.0/1", any))],
      [acl(entry(100, "allow", "0.0.0.0/0")), acl(entry(100, "allow", "0.0.0.0/0", { protocol: "tcp" }))],
      [acl(entry(100, "deny", "0.0.0.0/0")), acl()],
      [
        { ...acl(), tags: { a: "b" } },
        { ...acl(), tags: { a: "c" } },
      ],
    ] as const) {
      expect(update(type, before, after)).toEqual([]);
    }
  });

  test("what is known after the deploy, and what is sensitive without its value", () => {
    const unknown = { after_unknown: { ingress: [{ cidr_block: true }] } };
    expect(update(type, acl(), acl(), unknown)).toEqual([
      "loud: ADMITS MORE, it newly admits ingress, which is known after the deploy",
    ]);
    const sensitive = { before_sensitive: {}, after_sensitive: { ingress: true } };
    expect(update(type, acl(), acl(everything), sensitive)).toEqual([
      "loud: ADMITS MORE, its rules change, and are sensitive",
    ]);
  });
});

describe("a rule of its own", () => {
  const type = "aws_network_acl_rule";
  const rule = (rule_number: number, rule_action: "allow" | "deny", cidr_block: string, egress = false) => ({
    network_acl_id: "acl-1",
    rule_number,
    rule_action,
    cidr_block,
    ipv6_cidr_block: null,
    egress,
    protocol: "tcp",
    from_port: 22,
    to_port: 22,
    icmp_type: null,
    icmp_code: null,
  });
  const replaced = (before: object, after: object) =>
    saidOf({ address: `${type}.x`, type, change: { actions: ["delete", "create"], before, after } }).slice(1);

  test.each<[string, object, object, string]>([
    [
      "more addresses",
      rule(100, "allow", "10.0.0.0/8"),
      rule(100, "allow", "0.0.0.0/0"),
      "from 0.0.0.0/0 by tcp 22 (rule 100)",
    ],
    [
      "IPv4 in place of IPv6",
      { ...rule(100, "allow", ""), ipv6_cidr_block: "::/0" },
      rule(100, "allow", "0.0.0.0/0"),
      "from 0.0.0.0/0 by tcp 22 (rule 100)",
    ],
    [
      "in place of a denial",
      rule(100, "deny", "0.0.0.0/0"),
      rule(100, "allow", "0.0.0.0/0"),
      "from 0.0.0.0/0 by tcp 22 (rule 100), which rule 100 denied",
    ],
    [
      "with a lower number, maybe before a denial",
      rule(200, "allow", "10.0.0.0/8"),
      rule(100, "allow", "10.0.0.0/8"),
      "from 10.0.0.0/8 by tcp 22 (rule 100), which had the number 200",
    ],
    [
      "a denial of fewer addresses",
      rule(100, "deny", "10.0.0.0/8", true),
      rule(100, "deny", "10.0.0.0/16", true),
      "what rule 100 denied: to 10.0.0.0/8 by tcp 22",
    ],
    [
      "a denial with a higher number, maybe after an allowance",
      rule(100, "deny", "10.0.0.0/8"),
      rule(200, "deny", "10.0.0.0/8"),
      "what rule 100 denied: from 10.0.0.0/8 by tcp 22",
    ],
    [
      "a denial in another direction",
      rule(100, "deny", "10.0.0.0/8"),
      rule(100, "deny", "10.0.0.0/8", true),
      "what rule 100 denied: from 10.0.0.0/8 by tcp 22",
    ],
  ])("admits more with %s", (_, before, after, said) => {
    expect(replaced(before, after)).toEqual([`loud: ADMITS MORE, it newly admits ${said}`]);
  });

  test.each<[string, object, object]>([
    ["fewer addresses", rule(100, "allow", "10.0.0.0/8"), rule(100, "allow", "10.0.0.0/16")],
    ["a higher number", rule(100, "allow", "10.0.0.0/8"), rule(200, "allow", "10.0.0.0/8")],
    ["a denial in its place", rule(100, "allow", "10.0.0.0/8"), rule(100, "deny", "10.0.0.0/8")],
    ["a wider denial that comes earlier", rule(200, "deny", "10.0.0.0/16"), rule(100, "deny", "10.0.0.0/8")],
  ])("admits nothing with %s", (_, before, after) => {
    expect(replaced(before, after)).toEqual([]);
  });

  test("that is new tells its traffic, and one that denies is no warning", () => {
    const old: ResourceChange = { address: "a.x", type: "a", change: { actions: ["no-op"], before: {}, after: {} } };
    const created = (after: object) =>
      saidOf(old, { address: `${type}.x`, type, change: { actions: ["create"], before: null, after } });
    expect(created(rule(100, "allow", "0.0.0.0/0"))).toEqual([
      'loud: ADMITS MORE, it is new in the code, for the network_acl_id "acl-1", which exists already; it admits from 0.0.0.0/0 by tcp 22 (rule 100)',
    ]);
    expect(created(rule(100, "deny", "0.0.0.0/0"))).toEqual([]);
  });
});

test("a packet that passes newly is always a warning, and there is none without such a packet", () => {
  const rules = fc.uniqueArray(
    fc.record({
      rule_no: fc.integer({ min: 1, max: 6 }),
      action: fc.constantFrom("allow", "deny"),
      protocol: fc.constantFrom("-1", "6", "17"),
      cidr_block: fc.constantFrom("10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1/32"),
      from_port: fc.constantFrom(1, 2),
      to_port: fc.constantFrom(2, 3),
    }),
    { selector: ({ rule_no }) => rule_no, maxLength: 5 },
  );
  type Rule = ReturnType<typeof entry> extends infer E ? Pick<E & {}, never> & Record<string, unknown> : never;
  const last = (address: unknown) => Number(String(address).split(".")[3]?.split("/")[0]);
  const holds = (rule: Rule, protocol: string, host: number, port: number) => {
    const size = 2 ** (32 - Number(String(rule.cidr_block).split("/")[1]));
    const first = last(rule.cidr_block);
    const isPort = rule.protocol === "-1" || (Number(rule.from_port) <= port && port <= Number(rule.to_port));
    return (rule.protocol === "-1" || rule.protocol === protocol) && first <= host && host < first + size && isPort;
  };
  const passes = (all: readonly Rule[], ...packet: [string, number, number]) =>
    [...all].sort((a, b) => Number(a.rule_no) - Number(b.rule_no)).find((rule) => holds(rule, ...packet))?.action ===
    "allow";
  const packets = ["6", "17", "47"].flatMap((protocol) =>
    [0, 1, 2, 3].flatMap((host) => [0, 1, 2, 3, 4].map((port) => [protocol, host, port] as [string, number, number])),
  );
  fc.assert(
    fc.property(rules, rules, (before, after) => {
      const isWider = packets.some((packet) => passes(after, ...packet) && !passes(before, ...packet));
      const change = { actions: ["update"], before: { ingress: before }, after: { ingress: after } };
      expect((newlyAllowed("aws_network_acl", change)?.length ?? 0) > 0).toBe(isWider);
    }),
    { numRuns: 1000 },
  );
});
