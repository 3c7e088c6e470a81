import {
  addressesPerPrivateSubnet,
  cidrProblems,
  parseCidr,
  subnetLayout,
  zoneCountProblems,
  zoneProblems,
} from "../../../constructs/network/subnet-layout.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

describe("an IPv4 block", () => {
  test.each([
    ["0.0.0.0/0", 0, 0],
    ["10.1.2.3/16", 167_838_211, 16],
    ["255.255.255.255/32", 4_294_967_295, 32],
  ])("%s is the address %i and the prefix %i", (text, address, prefix) => {
    expect(parseCidr(text)).toEqual({ address, prefix });
  });

  test.each([
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/016",
    "10.0.0.0/",
    "10.0.0/16",
    "10.0.0.0.0/16",
    "256.0.0.0/16",
    "0.256.0.0/16",
    "0.0.256.0/16",
    "0.0.0.256/16",
    "1000.0.0.0/16",
    ".0.0.0/16",
    " 10.0.0.0/16",
    "10.0.0.0/16 ",
    "10a0.0.0/16",
    "2001:db8::/32",
    "",
  ])("is not %j", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe("the block of a VPC", () => {
  const messages = (block: string) => cidrProblems(block).map(describeProblem);
  const allowed = "the value must be an IPv4 block from /16 to /22";

  test.each(["10.0.0.0/16", "10.0.252.0/22", "192.168.128.0/17"])("may be %s", (block) => {
    expect(messages(block)).toEqual([]);
  });

  test.each([
    ["10.0.0.0/15", `${allowed}, got "10.0.0.0/15": AWS allows no larger block, so use for example "10.0.0.0/16"`],
    ["10.7.9.0/23", `${allowed}, got "10.7.9.0/23": its subnets would be too small, so use for example "10.7.0.0/16"`],
    ["office", `${allowed}, got "office": use for example "10.0.0.0/16"`],
    [
      "172.31.255.254/20",
      'the value must be written with the first address of its /20 block, got "172.31.255.254/20": use "172.31.240.0/20"',
    ],
  ])("may not be %s", (block, message) => {
    expect(messages(block)).toEqual([message]);
  });

  test.each([
    ["10.0.0.0/16", 8187],
    ["10.0.0.0/22", 123],
    ["10.0.0.0/29", 0],
    ["10.0.0.0/32", 0],
    ["office", 0],
  ])("of %s leaves %i usable addresses in each private subnet", (block, addresses) => {
    expect(addressesPerPrivateSubnet(block)).toBe(addresses);
  });
});

test("a VPC has two to six zones", () => {
  expect([2, 3, 6].flatMap(zoneCountProblems)).toEqual([]);
  expect([0, 1, 7].flatMap(zoneCountProblems).map(describeProblem)).toEqual([
    "the value must be a list of 2 to 6 zones, got 0 zones: EKS's control plane needs two zones, so add one",
    "the value must be a list of 2 to 6 zones, got 1 zone: EKS's control plane needs two zones, so add one",
    "the value must be a list of 2 to 6 zones, got 7 zones: the VPC has room for the subnets of 6 zones, so keep 6 of them",
  ]);
});

test("a VPC's zones have a letter from a to f each", () => {
  expect(zoneProblems(["us-west-2f", "us-west-2a"])).toEqual([]);
  expect(zoneProblems(["us-west-2a", "us-west-2g", "us-west-2-lax-1a"]).map(describeProblem)).toEqual([
    '[1] must be a zone that ends with a letter from a to f, got "us-west-2g": the VPC has room for the subnets of these six, so name one of them',
    '[2] must be a zone with a letter of its own, got "us-west-2-lax-1a": a zone\'s letter decides where its subnets are, so remove one of the two',
  ]);
});

describe("the subnets' address blocks", () => {
  const letters = (count: number) => [..."abcdefg"].slice(0, count).map((letter) => `us-west-2${letter}`);

  test("are a private /19 and a public /22 for each zone of a /16", () => {
    expect(subnetLayout("10.0.0.0/16", letters(3))).toEqual([
      { zone: "us-west-2a", privateCidrBlock: "10.0.0.0/19", publicCidrBlock: "10.0.224.0/22" },
      { zone: "us-west-2b", privateCidrBlock: "10.0.32.0/19", publicCidrBlock: "10.0.228.0/22" },
      { zone: "us-west-2c", privateCidrBlock: "10.0.64.0/19", publicCidrBlock: "10.0.232.0/22" },
    ]);
  });

  test("stay where they are when a zone is added or taken away, in any order", () => {
    const all = subnetLayout("10.8.0.0/20", letters(6));
    expect(subnetLayout("10.8.0.0/20", letters(3))).toEqual(all.slice(0, 3));
    expect(subnetLayout("10.8.0.0/20", letters(6).slice(2))).toEqual(all.slice(2));
    expect(subnetLayout("10.8.0.0/20", letters(6).reverse())).toEqual([...all].reverse());
  });

  test.each([16, 18, 20, 22])("of a /%i never overlap, and none is smaller than AWS allows", (prefix) => {
    const layout = subnetLayout(`172.16.0.0/${prefix}`, letters(6));
    const ranges = layout
      .flatMap(({ privateCidrBlock, publicCidrBlock }) => [privateCidrBlock, publicCidrBlock])
      .map((block) => {
        const [address = "", length = ""] = block.split("/");
        const start = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
        expect(Number(length)).toBeLessThanOrEqual(28);
        return { start, end: start + 2 ** (32 - Number(length)) };
      });
    ranges.sort((a, b) => a.start - b.start);
    ranges.slice(1).forEach((range, index) => {
      expect(range.start).toBeGreaterThanOrEqual(ranges[index]?.end ?? Number.POSITIVE_INFINITY);
    });
  });
});
