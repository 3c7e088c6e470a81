import { clusterZoneProblems } from "../../../constructs/cluster/cluster-zones.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

const zonesOf = (region: string, letters: string) => [...letters].map((letter) => `${region}${letter}`);
const messages = (zones: readonly string[], network = zonesOf("us-west-2", "abcd")) =>
  clusterZoneProblems(zones, network).map(describeProblem);

test.each([
  ["two zones", ["us-west-2a", "us-west-2b"], "us-west-2", "ab"],
  ["three of four zones in any order", ["us-west-2d", "us-west-2a", "us-west-2b"], "us-west-2", "abcd"],
  ["a letter of another region's zone without control plane", ["us-east-2c", "us-east-2e"], "us-east-2", "ce"],
])("a cluster may have %s", (_, zones, region, letters) => {
  expect(messages(zones, zonesOf(region, letters))).toEqual([]);
});

test.each<[string, string[], string[]]>([
  [
    "one zone",
    ["us-west-2a"],
    [
      'the value must be a list of 2 or 3 zones of the network, got ["us-west-2a"]: EKS\'s control plane needs two zones, so add one',
    ],
  ],
  [
    "four zones",
    zonesOf("us-west-2", "abcd"),
    [
      'the value must be a list of 2 or 3 zones of the network, got ["us-west-2a","us-west-2b","us-west-2c","us-west-2d"]: keep 3 of them; pools name other zones in their own availabilityZones',
    ],
  ],
  [
    "a zone twice",
    ["us-west-2a", "us-west-2b", "us-west-2a"],
    ['[2] must be different from the zones before it, got "us-west-2a": remove one of the two'],
  ],
  [
    "a zone without a subnet",
    ["us-west-2a", "us-west-2e"],
    [
      '[1] must be us-west-2a, us-west-2b, us-west-2c or us-west-2d, got "us-west-2e": name one of these, or add the zone to the network, which keeps the zones of its cluster',
    ],
  ],
])("a cluster may not have %s", (_, zones, problems) => {
  expect(messages(zones)).toEqual(problems);
});

test.each([
  ["us-east-1", "e", "use1-az3"],
  ["ca-central-1", "c", "cac1-az3"],
])("a cluster in %s may not have the zone %s, in which EKS makes no control plane", (region, letter, id) => {
  const zones = zonesOf(region, `a${letter}`);
  expect(messages(zones, zones)).toEqual([
    `[1] must be a zone in which EKS makes control planes, got "${region}${letter}": it is ${id} in most accounts, so name another zone here; nodes can run in it`,
  ]);
});

test("zones of a network without zones are refused in words", () => {
  expect(messages(["us-west-2a", ""], [])).toEqual([
    '[0] must be a zone of the network, got "us-west-2a": name one of these, or add the zone to the network, which keeps the zones of its cluster',
  ]);
});
