import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Lazy } from "cdktf";
import { FlowLogs } from "../../../constructs/network/flow-logs.ts";
import { existingNetwork, Network, type NetworkProps } from "../../../constructs/network/network.ts";
import { messageOf, type ResourceJson, synthesize } from "../../support/synthesized.ts";

const zones = ["us-west-2a", "us-west-2b"];

function network(props: Partial<NetworkProps> = {}) {
  const made = synthesize((stack) => {
    const { dependables } = new Network(stack, "network", {
      name: "test",
      region: "us-west-2",
      accountId: "111122223333",
      availabilityZones: zones,
      cidrBlock: "10.0.0.0/16",
      ...props,
    });
    // Stands in for the nodes.
    new KmsKey(stack, "nodes", { dependsOn: [...dependables] });
  });
  /** A reference to an attribute of the only resource of a type whose name begins so. */
  const reference = (type: string, prefix: string, attribute = "id") =>
    `\${${made.address(type, `network_${prefix}`)}.${attribute}}`;
  return { made, reference };
}

describe("the VPC", () => {
  test("answers DNS, which the endpoints' private names need", () => {
    const { made } = network();
    expect(made.one("aws_vpc")).toEqual({
      cidr_block: "10.0.0.0/16",
      enable_dns_support: true,
      enable_dns_hostnames: true,
      tags: { Name: "test" },
    });
  });

  test("has a default security group without a rule, and an internet gateway", () => {
    const { made, reference } = network();
    const vpc_id = reference("aws_vpc", "vpc_");
    expect(made.one("aws_default_security_group")).toEqual({ vpc_id, tags: { Name: "test-unused" } });
    expect(made.one("aws_internet_gateway")).toEqual({ vpc_id, tags: { Name: "test" } });
  });

  test("has subnets with blocks of their own, and names that say their kind and zone", () => {
    const { made, reference } = network();
    const vpc_id = reference("aws_vpc", "vpc_");
    const privateTags = (zone: string) => ({ Name: `test-private-${zone}`, "kubernetes.io/role/internal-elb": "1" });
    const publicTags = (zone: string) => ({ Name: `test-public-${zone}`, "kubernetes.io/role/elb": "1" });
    const subnet = (availability_zone: string, cidr_block: string, tags: ResourceJson) => ({
      vpc_id,
      availability_zone,
      cidr_block,
      map_public_ip_on_launch: false,
      tags,
    });
    expect(made.all("aws_subnet")).toEqual(
      expect.arrayContaining([
        subnet("us-west-2a", "10.0.0.0/19", privateTags("us-west-2a")),
        subnet("us-west-2b", "10.0.32.0/19", privateTags("us-west-2b")),
        subnet("us-west-2a", "10.0.224.0/22", publicTags("us-west-2a")),
        subnet("us-west-2b", "10.0.228.0/22", publicTags("us-west-2b")),
      ]),
    );
    expect(made.all("aws_subnet")).toHaveLength(4);
  });
});

describe("routes", () => {
  test("lead from every public subnet to the internet gateway", () => {
    const { made, reference } = network();
    const route_table_id = reference("aws_route_table", "public-route-table_");
    expect(made.one("aws_route_table", "network_public-")).toEqual({
      vpc_id: reference("aws_vpc", "vpc_"),
      tags: { Name: "test-public" },
    });
    expect(made.one("aws_route", "network_public-route_")).toEqual({
      route_table_id,
      destination_cidr_block: "0.0.0.0/0",
      gateway_id: reference("aws_internet_gateway", "internet-gateway_"),
    });
    for (const zone of zones) {
      expect(made.one("aws_route_table_association", `network_public-association-${zone}`)).toEqual({
        route_table_id,
        subnet_id: reference("aws_subnet", `public-subnet-${zone}`),
      });
    }
  });

  test.each([
    ["single", "us-west-2a"],
    ["per-zone", "us-west-2b"],
  ] as const)(
    "with NAT mode %s lead from the private subnet of us-west-2b to the gateway in %s",
    (natGateways, zone) => {
      const { made, reference } = network({ natGateways });
      const route_table_id = reference("aws_route_table", "private-route-table-us-west-2b");
      expect(made.one("aws_route_table", "network_private-route-table-us-west-2b")).toEqual({
        vpc_id: reference("aws_vpc", "vpc_"),
        tags: { Name: "test-private-us-west-2b" },
      });
      expect(made.one("aws_route", "network_private-route-us-west-2b")).toEqual({
        route_table_id,
        destination_cidr_block: "0.0.0.0/0",
        nat_gateway_id: reference("aws_nat_gateway", `nat-gateway-${zone}`),
      });
      expect(made.one("aws_route_table_association", "network_private-association-us-west-2b")).toEqual({
        route_table_id,
        subnet_id: reference("aws_subnet", "private-subnet-us-west-2b"),
      });
      const gateways = natGateways === "single" ? 1 : zones.length;
      expect([made.all("aws_nat_gateway").length, made.all("aws_eip").length]).toEqual([gateways, gateways]);
    },
  );

  test("change from one NAT gateway to several at the same addresses", () => {
    const others = ({ made }: ReturnType<typeof network>) =>
      made.addresses.filter((address) => !/aws_(nat_gateway|eip)\./.test(address));
    expect(others(network({ natGateways: "per-zone" }))).toEqual(others(network()));
  });

  test("keep a NAT gateway in a public subnet, and outlive it and its address at destroy", () => {
    const { made, reference } = network();
    const publicRoutes = [
      made.address("aws_route", "network_public-route_"),
      made.address("aws_route_table_association", "network_public-association-us-west-2a"),
      made.address("aws_route_table_association", "network_public-association-us-west-2b"),
    ];
    const tags = { Name: "test-us-west-2a" };
    // The new gateway of a replaced subnet cannot have the address of the old one, which goes last.
    const subnet = made.address("aws_subnet", "network_public-subnet-us-west-2a");
    const lifecycle = { replace_triggered_by: [`${subnet}.id`] };
    expect(made.one("aws_eip")).toEqual({ domain: "vpc", tags, depends_on: publicRoutes, lifecycle });
    expect(made.one("aws_nat_gateway")).toEqual({
      allocation_id: reference("aws_eip", "nat-address-us-west-2a"),
      subnet_id: reference("aws_subnet", "public-subnet-us-west-2a"),
      tags,
      depends_on: publicRoutes,
      lifecycle: { create_before_destroy: true },
    });
  });
});

describe("endpoints", () => {
  test("to S3 serve every private route table", () => {
    const { made, reference } = network();
    expect(made.one("aws_vpc_endpoint")).toEqual({
      vpc_id: reference("aws_vpc", "vpc_"),
      service_name: "com.amazonaws.us-west-2.s3",
      vpc_endpoint_type: "Gateway",
      route_table_ids: zones.map((zone) => reference("aws_route_table", `private-route-table-${zone}`)),
      tags: { Name: "test-s3" },
    });
    expect(made.all("aws_security_group")).toEqual([]);
  });

  test("of type Interface are in every private subnet, behind a security group that lets in HTTPS from the VPC only", () => {
    const { made, reference } = network({ interfaceEndpoints: ["ecr.api", "sts"] });
    const vpc_id = reference("aws_vpc", "vpc_");
    const securityGroup = reference("aws_security_group", "endpoints_security-group");
    for (const [service, id] of [
      ["ecr.api", "ecr-api"],
      ["sts", "sts"],
    ]) {
      expect(made.one("aws_vpc_endpoint", `network_endpoints_${id}_`)).toEqual({
        vpc_id,
        service_name: `com.amazonaws.us-west-2.${service}`,
        vpc_endpoint_type: "Interface",
        private_dns_enabled: true,
        subnet_ids: zones.map((zone) => reference("aws_subnet", `private-subnet-${zone}`)),
        security_group_ids: [securityGroup],
        tags: { Name: `test-${service}` },
      });
    }
    expect(made.one("aws_security_group")).toEqual({
      name_prefix: "test-endpoints-",
      description: "HTTPS from the VPC to the interface endpoints",
      vpc_id,
      tags: { Name: "test-endpoints" },
      lifecycle: { create_before_destroy: true },
    });
    expect(made.one("aws_vpc_security_group_ingress_rule")).toEqual({
      security_group_id: securityGroup,
      description: "HTTPS from the VPC",
      ip_protocol: "tcp",
      from_port: 443,
      to_port: 443,
      cidr_ipv4: "10.0.0.0/16",
    });
    expect(made.all("aws_vpc_security_group_egress_rule")).toEqual([]);
  });
});

test("nodes wait for routes and endpoints, so that those outlive them", () => {
  const { made } = network({ interfaceEndpoints: ["sts"] });
  const of = (type: string, prefix = "network_private-") =>
    made.addresses.filter((address) => address.startsWith(`${type}.${prefix}`));
  expect([...made.one("aws_kms_key").depends_on].sort()).toEqual(
    [
      ...of("aws_route"),
      ...of("aws_route_table_association"),
      ...of("aws_vpc_endpoint", ""),
      ...of("aws_vpc_security_group_ingress_rule", ""),
    ].sort(),
  );
  const { made: withoutInterfaces } = network();
  expect(withoutInterfaces.one("aws_kms_key").depends_on).toEqual(
    expect.arrayContaining([withoutInterfaces.address("aws_vpc_endpoint")]),
  );
});

test("flow logs record accepted and refused traffic, in batches of ten minutes, and may write to their own group only", () => {
  expect(network().made.all("aws_flow_log")).toEqual([]);
  const { made, reference } = network({ flowLogRetentionInDays: 14 });
  expect(made.one("aws_cloudwatch_log_group")).toEqual({ name: "/aws/vpc/test/flow-logs", retention_in_days: 14 });
  const group = reference("aws_cloudwatch_log_group", "flow-logs", "arn");
  expect(made.one("aws_flow_log")).toEqual({
    vpc_id: reference("aws_vpc", "vpc_"),
    traffic_type: "ALL",
    log_destination_type: "cloud-watch-logs",
    log_destination: group,
    iam_role_arn: reference("aws_iam_role", "flow-logs", "arn"),
    max_aggregation_interval: 600,
    depends_on: [made.address("aws_iam_role_policy")],
  });
  const { name, role, policy } = made.one("aws_iam_role_policy");
  expect([name, role]).toEqual(["write-flow-logs", reference("aws_iam_role", "flow-logs", "name")]);
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"],
        Resource: [group, `${group}:*`],
      },
    ],
  });
  const { name_prefix, description, assume_role_policy } = made.one("aws_iam_role");
  expect([name_prefix, description]).toEqual(["test-flow-logs-", "Writes the VPC's flow logs"]);
  expect(JSON.parse(assume_role_policy).Statement).toEqual([
    {
      Effect: "Allow",
      Principal: { Service: "vpc-flow-logs.amazonaws.com" },
      Action: ["sts:AssumeRole"],
      Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
    },
  ]);
});

test("flow logs of any VPC are kept for a number of days that CloudWatch allows", () => {
  const flowLogs = () =>
    synthesize((stack) => {
      new FlowLogs(stack, "flow-logs", { name: "test", accountId: "111122223333", vpcId: "vpc-1", retentionInDays: 0 });
    });
  expect(messageOf(flowLogs)).toMatch(
    /^flow logs of test has 1 problem:\n {2}- retentionInDays must be 1, 3, .*: .* use 1$/,
  );
});

describe("a network", () => {
  test("names all of its problems at once, by the names of its options", () => {
    const props = { cidrBlock: "10.0.1.0/16", availabilityZones: ["us-west-2a"], flowLogRetentionInDays: 100 };
    expect(messageOf(() => network(props))).toBe(
      [
        'network "test" has 3 problems:',
        '  - cidrBlock must be written with the first address of its /16 block, got "10.0.1.0/16": use "10.0.0.0/16"',
        "  - availabilityZones must be a list of 2 to 6 zones, got 1 zone: EKS's control plane needs two zones, so add one",
        "  - flowLogRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, got 100: CloudWatch Logs allows only these, so use 120",
      ].join("\n"),
    );
  });

  test("refuses a block that is only known after apply, because subnets are cut at synth", () => {
    const cidrBlock = Lazy.stringValue({ produce: () => "10.0.0.0/16" });
    expect(messageOf(() => network({ cidrBlock }))).toContain(
      'cidrBlock must be an IPv4 block from /16 to /22, got "${TfToken[',
    );
  });

  test("made elsewhere is used as it is, and adds nothing to the stack", () => {
    const attributes = { vpcId: "vpc-1", privateSubnetIds: { "us-west-2a": "subnet-1" } };
    expect(existingNetwork(attributes)).toEqual({ ...attributes, dependables: [] });
  });
});
