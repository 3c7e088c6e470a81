import fc from "fast-check";
import { isBlock, newlyAdmitted } from "../../tools/diff/admitted-addresses.ts";
import { newTraffic } from "../../tools/diff/admitted-traffic.ts";

describe("a list of CIDR blocks", () => {
  test.each<[string[], string[], string[]]>([
    [["10.0.0.0/8"], ["10.1.0.0/16"], []],
    [["10.1.0.0/16"], ["10.0.0.0/8"], ["10.0.0.0/8"]],
    [["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"], []],
    [["0.0.0.0/1"], ["0.0.0.0/0"], ["0.0.0.0/0"]],
    [["0.0.0.0/0"], ["::/0"], ["::/0"]],
    [["2001:db8::/32"], ["2001:db8:1::/48", "2001:db9::/48"], ["2001:db9::/48"]],
    [["192.0.2.7/32"], ["192.0.2.7"], []],
    [[], ["known-to-nobody"], ["known-to-nobody"]],
  ])("%j -> %j newly admits %j", (before, after, expected) => {
    expect(newlyAdmitted(before, after)).toEqual(expected);
  });

  test("in halves admits the same, and one with a further address admits more", () => {
    const block = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(255)).map(([prefix, first]) => ({ prefix, first }));
    fc.assert(
      fc.property(block, ({ prefix, first }) => {
        const whole = `${first}.0.0.0/${prefix}`;
        fc.pre(prefix >= 8);
        const second = 2 ** (31 - prefix);
        const other = [24, 16, 8, 0].map((shift) => ((first * 2 ** 24 + second) / 2 ** shift) & 255).join(".");
        const halves = [`${first}.0.0.0/${prefix + 1}`, `${other}/${prefix + 1}`];
        expect(newlyAdmitted(halves, [whole])).toEqual([]);
        expect(newlyAdmitted([whole], halves)).toEqual([]);
        expect(newlyAdmitted(halves.slice(1), [whole])).toEqual([whole]);
      }),
    );
  });

  test("holds blocks and addresses alone", () => {
    expect(["10.0.0.0/8", "::1", "10.0.0.1"].map(isBlock)).toEqual([true, true, true]);
    expect(["vpc-1", "", 7, undefined].map(isBlock)).toEqual([false, false, false, false]);
  });
});

describe("a security group", () => {
  const rule = (ports: [number, number], cidr_blocks: string[], rest = {}) => ({
    protocol: "tcp",
    from_port: ports[0],
    to_port: ports[1],
    cidr_blocks,
    ...rest,
  });
  const change = (before: object[], after: object[], rest = {}) =>
    newTraffic("aws_security_group", {
      actions: ["update"],
      before: { ingress: before },
      after: { ingress: after },
      ...rest,
    });

  test("admits more with another source, port, protocol or group", () => {
    const known = rule([443, 443], ["10.0.0.0/8"]);
    expect(change([known], [rule([443, 443], ["0.0.0.0/0"])])).toEqual(["from 0.0.0.0/0 by tcp 443"]);
    expect(change([known], [rule([80, 443], ["10.0.0.0/8"])])).toEqual(["from 10.0.0.0/8 by tcp 80-443"]);
    expect(change([known], [{ ...known, protocol: "-1" }])).toEqual(["from 10.0.0.0/8 by any protocol"]);
    expect(change([known], [known, rule([22, 22], [], { security_groups: ["sg-1"] })])).toEqual([
      "from security_groups sg-1 by tcp 22",
    ]);
  });

  test("admits no more in another order, with fewer ports or addresses, or as two rules for one", () => {
    const [all, other] = [{ protocol: "-1", cidr_blocks: ["10.0.0.0/8"] }, rule([1, 9], ["192.0.2.0/24"])];
    expect(change([all, other], [other, all])).toEqual([]);
    expect(change([all, other], [rule([80, 81], ["10.9.0.0/16"]), rule([2, 3], ["192.0.2.0/25"])])).toEqual([]);
    expect(change([rule([1, 9], ["10.0.0.0/9", "10.128.0.0/9"])], [rule([1, 9], ["10.0.0.0/8"])])).toEqual([]);
  });

  test("may admit more if its rules are known after the deploy", () => {
    expect(change([], [], { after: {}, after_unknown: { ingress: true } })).toEqual([
      "ingress, which is known after the deploy",
    ]);
  });

  test("is compared as a resource of its own, too, and another type is not", () => {
    const of = (cidr_ipv4: string) => ({ ip_protocol: "tcp", from_port: 443, to_port: 443, cidr_ipv4 });
    const update = { actions: ["update"], before: of("10.0.0.0/8"), after: of("0.0.0.0/0") };
    expect(newTraffic("aws_vpc_security_group_ingress_rule", update)).toEqual(["from 0.0.0.0/0 by tcp 443"]);
    expect(newTraffic("aws_vpc", update)).toBeUndefined();
  });
});
