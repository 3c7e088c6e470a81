import { dev } from "../../../environments.ts";
import { problemsOf } from "../../support/fixtures.ts";
import { each, messagesWith, numbered, type Place, passed, type WrongValue } from "../../support/wrong-environments.ts";

const account = "111122223333";
const role = (name: string, partition = "aws", owner = account) => `arn:${partition}:iam::${owner}:role/${name}`;

// What AWS's API reference, its user guides and the Terraform provider say of each field.
const wrong: readonly WrongValue[] = [
  // Regions that do not exist, are no regions, or belong to partitions that the stacks cannot write.
  ...each("region", [
    "us-west-3",
    "us-east-3",
    "eu-west-4",
    "eu-central-3",
    "ap-southeast-8",
    "us-gov-west-2",
    "sa-west-1",
  ]),
  ...each("region", [
    "us-west-2a",
    "US-WEST-2",
    "us_west_2",
    "global",
    "usw2-az1",
    "us-west-2-lax-1",
    "us-west-22",
    "",
  ]),
  ...each("region", ["cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1"]),
  // The zones of us-west-2 end with a, b, c and d.
  ...each(
    "availabilityZones",
    [
      ["us-west-2a", "us-west-2e"],
      ["us-west-2a", "us-west-2z"],
    ],
    ["availabilityZones", 1],
  ),
  ...each(["availabilityZones", 0], ["us-west-2e", "us-west-2A", "us-west-2", "us-west-2ab", "us-east-1a", "a", ""]),
  ...each(
    ["availabilityZones", 0],
    ["usw2-az1", "use1-az3", "us-west-2-lax-1a", "us-west-2-wl1-las-wlz-1", "us-west-2 a"],
  ),
  ...each("availabilityZones", [["us-west-2a"], []]),
  ["availabilityZones", ["us-west-2a", "us-west-2a"], ["availabilityZones", 1]],
  // Blocks that are no VPC's.
  ...each("network.cidrBlock", [
    "010.0.0.0/16",
    "10.0.0.00/16",
    "10.0.0.0/016",
    "10.0.0.0",
    "10.0/16",
    "10.0.0.0/16 ",
    "::/16",
  ]),
  ...each("network.cidrBlock", [
    "127.0.0.0/16",
    "224.0.0.0/16",
    "239.1.0.0/16",
    "169.254.0.0/16",
    "0.0.0.0/16",
    "240.0.0.0/16",
  ]),
  ...each("network.cidrBlock", [
    "8.8.0.0/16",
    "52.0.0.0/16",
    "172.32.0.0/16",
    "172.15.0.0/16",
    "192.169.0.0/16",
    "11.0.0.0/16",
  ]),
  ...each("network.cidrBlock", [
    "100.63.0.0/16",
    "100.128.0.0/16",
    "198.18.0.0/16",
    "203.0.113.0/22",
    "255.255.0.0/16",
  ]),
  ...each("network.cidrBlock", [
    "172.17.0.0/16",
    "172.17.128.0/18",
    "172.20.0.0/16",
    "10.100.0.0/17",
    "10.0.0.0/8",
    "10.0.0.0/28",
  ]),
  ...each("network.cidrBlock", [
    "10.0.1.0/16",
    "10.0.0.256/16",
    "10.0.0.-1/16",
    "0x0a.0.0.0/16",
    "10.0.0.0/16,10.1.0.0/16",
  ]),
  ...each("network.flowLogRetentionInDays", [0, -1, 2, 45, 3654, 2 ** 31, 1.5]),
  // All of the internet in pieces, and what never comes from it.
  ...each("cluster.endpointPublicAccessCidrs", [
    numbered(40, (index) => `${index + 11}.0.0.0/8`),
    numbered(41, (index) => `20.0.${index}.0/24`),
    ["20.0.0.0/8", "21.0.0.0/32"],
    [],
  ]),
  ...each(
    "cluster.endpointPublicAccessCidrs",
    [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"]],
    ["cluster", "endpointPublicAccessCidrs", 0],
  ),
  ...each(
    "cluster.endpointPublicAccessCidrs",
    [["203.0.113.7/32", "203.0.113.7/32"]],
    ["cluster", "endpointPublicAccessCidrs", 1],
  ),
  ...each(
    ["cluster", "endpointPublicAccessCidrs", 0],
    [
      "203.0.113.7",
      "203.0.113.7/24",
      "203.0.113.07/32",
      "10.0.0.0/8",
      "192.168.1.0/24",
      "127.0.0.1/32",
      "169.254.169.254/32",
      "::/0",
      "",
    ],
  ),
  ...each(
    ["cluster", "endpointPublicAccessCidrs", 0],
    ["224.0.0.0/8", "0.0.0.0/8", "100.64.0.0/10", "203.0.113.7/33", "office"],
  ),
  ...each("cluster.kubernetesVersion", [
    "1.29",
    "1.99",
    "1.35.4",
    "v1.35",
    "latest",
    "",
    "2.0",
    "constructor",
    "__proto__",
  ]),
  ...each("cluster.addonVersions.coredns", [
    "latest",
    "",
    "v1",
    "1.13.2",
    "v1.13.2",
    "v1.13.2-eksbuild",
    "v1.13.2-eksbuild.x",
    " ",
  ]),
  ...each("cluster.addonVersions.kube-proxy", ["v1.36.0-eksbuild.1", "v1.29.0-eksbuild.1", "v2.0.0-eksbuild.1"]),
  ["cluster.addonVersions", { "core-dns": "v1.13.2-eksbuild.11" }, "cluster.addonVersions.core-dns"],
  ...each("cluster.enabledLogTypes", [["audit", "audit"]], ["cluster", "enabledLogTypes", 1]),
  ...each("cluster.enabledLogTypes", [["audits"]], ["cluster", "enabledLogTypes", 0]),
  ...each("cluster.logRetentionInDays", [0, 10, 366, 2 ** 31]),
  ...each(
    ["cluster", "administrators", 0],
    [
      role("admin", "aws-cn"),
      role("admin", "aws-us-gov"),
      role("admin", "aws-iso"),
      role("admin", "aws", "444455556666"),
      role("a".repeat(65)),
      role(`${"a".repeat(513)}/admin`),
      role("aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
      role("*"),
      role(""),
      `arn:aws:iam::${account}:root`,
      `arn:aws:iam::${account}:group/admins`,
      `arn:aws:iam::${account}:policy/admin`,
      `arn:aws:iam:us-west-2:${account}:role/admin`,
      `arn:aws:sts::${account}:assumed-role/admin/alice`,
      "arn:aws:iam::1111:role/admin",
      "admin",
      "*",
      "",
    ],
  ),
  ["cluster.administrators", []],
  ["cluster.administrators", [role("a"), role("path/a")], ["cluster", "administrators", 1]],
  ["existingNetwork", { vpcId: "vpc-1", privateSubnetIds: {} }, "existingNetwork.vpcId"],
];

test(`synthesis refuses ${wrong.length} values of networks and clusters that AWS would refuse`, () => {
  expect(wrong.length).toBeGreaterThan(130);
  expect(passed(wrong)).toEqual([]);
});

test("an existing network has a subnet of its own in each zone", () => {
  const zones = dev.availabilityZones;
  const network = (ids: readonly string[], vpcId = "vpc-0a1b2c3d") => ({
    ...dev,
    network: undefined,
    existingNetwork: { vpcId, privateSubnetIds: Object.fromEntries(zones.map((zone, index) => [zone, ids[index]])) },
  });
  const right = ["subnet-0a1b2c3d", "subnet-1a1b2c3d", "subnet-2a1b2c3d"];
  expect(problemsOf(network(right))).toEqual([]);
  const paths = (environment: unknown) => problemsOf(environment).map(({ path }) => path.slice(1));
  expect(paths(network(["subnet-0a1b2c3d", "subnet-0a1b2c3d", "subnet-2a1b2c3d"]))).toEqual([
    ["privateSubnetIds", "us-west-2b"],
  ]);
  expect(paths(network(["subnet-0A1B2C3D", ...right.slice(1)]))).toEqual([["privateSubnetIds", "us-west-2a"]]);
  expect(paths(network(["subnet-0a1b2c3d4", ...right.slice(1)]))).toEqual([["privateSubnetIds", "us-west-2a"]]);
  for (const id of ["main", "vpc-0a1b2c3", "vpc-0a1b2c3d4", "VPC-0a1b2c3d", "subnet-0a1b2c3d", ""]) {
    expect(paths(network(right, id))).toEqual([["vpcId"]]);
  }
});

test("what only resembles these is accepted", () => {
  const right: readonly (readonly [Place, unknown])[] = [
    ["network.cidrBlock", "172.16.0.0/16"],
    ["network.cidrBlock", "172.31.0.0/16"],
    ["network.cidrBlock", "192.168.0.0/16"],
    ["network.cidrBlock", "100.64.0.0/16"],
    ["cluster.endpointPublicAccessCidrs", ["20.0.0.0/8"]],
    ["cluster.endpointPublicAccessCidrs", ["203.0.113.7/32", "198.51.100.0/24"]],
    ["cluster.administrators", [role("mine"), role("theirs", "aws", "444455556666")]],
    [
      "cluster.administrators",
      [role("aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Admin_0123456789abcdef")],
    ],
    ["cluster.addonVersions", { "kube-proxy": "v1.34.1-eksbuild.2", coredns: undefined }],
    ["availabilityZones", ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]],
  ];
  for (const change of right) expect([change[0], messagesWith(change)]).toEqual([change[0], []]);
});

test("a region that is new here is one word in a file, which its message names", () => {
  expect(messagesWith(["region", "us-west-3"])[0]).toBe(
    'region must be a region of AWS or AWS GovCloud with EKS, got "us-west-3": use for example "us-west-1", or add a new region to constructs/support/aws-regions.ts',
  );
  expect(messagesWith([["availabilityZones", 2], "us-west-2e"])).toEqual([
    'availabilityZones[2] must be a zone of us-west-2, got "us-west-2e": use for example "us-west-2a", or add a letter that aws ec2 describe-availability-zones lists to constructs/support/aws-regions.ts',
  ]);
});
