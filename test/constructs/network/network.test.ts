import { Lazy } from "cdktf";
import { existingNetwork, Network, type NetworkProps } from "../../../constructs/network/network.ts";
import { subnetLayout } from "../../../constructs/network/subnet-layout.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const zones = ["us-west-2a", "us-west-2b", "us-west-2c"];

function network(props: Partial<NetworkProps> = {}) {
  return synthesize((stack) => {
    new Network(stack, "network", {
      name: "test",
      region: "us-west-2",
      availabilityZones: zones,
      cidrBlock: "10.0.0.0/16",
      ...props,
    });
  });
}

describe("a network", () => {
  test("has a private and a public subnet in each zone, tagged for load balancers", () => {
    const subnets = network().all("aws_subnet");
    expect(subnets).toHaveLength(6);
    for (const zone of zones) {
      expect(subnets.filter((subnet) => subnet.availability_zone === zone)).toMatchObject([
        { map_public_ip_on_launch: false, tags: { "kubernetes.io/role/internal-elb": "1" } },
        { map_public_ip_on_launch: false, tags: { "kubernetes.io/role/elb": "1" } },
      ]);
    }
  });

  test("goes out through one NAT gateway, with one route table for each zone", () => {
    const single = network();
    expect(single.all("aws_nat_gateway")).toHaveLength(1);
    expect(single.all("aws_eip")).toHaveLength(1);
    const routes = single.all("aws_route").filter((route) => route.nat_gateway_id !== undefined);
    expect(routes).toHaveLength(3);
    expect(new Set(routes.map((route) => route.nat_gateway_id)).size).toBe(1);
    expect(new Set(routes.map((route) => route.route_table_id)).size).toBe(3);
  });

  test("goes out through the NAT gateway of its own zone where there is one for each", () => {
    const perZone = network({ natGateways: "per-zone" });
    expect(perZone.all("aws_nat_gateway")).toHaveLength(3);
    const routes = perZone.all("aws_route").filter((route) => route.nat_gateway_id !== undefined);
    expect(new Set(routes.map((route) => route.nat_gateway_id)).size).toBe(3);
    for (const zone of zones) {
      expect(perZone.one("aws_route", `network_private-route-${zone}`).nat_gateway_id).toContain(`nat-gateway-${zone}`);
    }
  });

  test("changes from one NAT gateway to several without replacing a subnet, a table or an association", () => {
    const kept = (address: string) => !/aws_(route|nat_gateway|eip)\./.test(address);
    expect(network({ natGateways: "per-zone" }).addresses.filter(kept)).toEqual(network().addresses.filter(kept));
  });

  test("has no way out without NAT gateways", () => {
    const closed = network({ natGateways: "none" });
    expect(closed.all("aws_nat_gateway")).toEqual([]);
    expect(closed.all("aws_route").filter((route) => route.nat_gateway_id !== undefined)).toEqual([]);
  });

  test("empties the default security group", () => {
    const group = network().one("aws_default_security_group");
    expect(group).not.toHaveProperty("ingress");
    expect(group).not.toHaveProperty("egress");
  });

  test("reaches S3 from every private route table without a NAT gateway", () => {
    const endpoint = network().one("aws_vpc_endpoint");
    expect(endpoint).toMatchObject({ vpc_endpoint_type: "Gateway", service_name: "com.amazonaws.us-west-2.s3" });
    expect(endpoint.route_table_ids).toHaveLength(3);
  });

  test("has interface endpoints where asked, open for HTTPS from the VPC only", () => {
    const closed = network({ interfaceEndpoints: ["ecr.api", "sqs"] });
    expect(closed.one("aws_vpc_endpoint", "network_endpoints_ecr-api")).toMatchObject({
      vpc_endpoint_type: "Interface",
      service_name: "com.amazonaws.us-west-2.ecr.api",
      private_dns_enabled: true,
    });
    expect(closed.all("aws_vpc_endpoint")).toHaveLength(3);
    expect(closed.one("aws_vpc_security_group_ingress_rule")).toMatchObject({
      from_port: 443,
      to_port: 443,
      cidr_ipv4: "10.0.0.0/16",
    });
    expect(network().all("aws_security_group")).toEqual([]);
  });

  test("records flows where a retention is given, and only after it may write them", () => {
    expect(network().all("aws_flow_log")).toEqual([]);
    const recorded = network({ flowLogRetentionInDays: 90 });
    expect(recorded.one("aws_cloudwatch_log_group")).toMatchObject({
      name: "/aws/vpc/test/flow-logs",
      retention_in_days: 90,
    });
    expect(recorded.one("aws_flow_log").depends_on).toEqual([recorded.address("aws_iam_role_policy")]);
  });

  test("refuses a retention that CloudWatch does not know", () => {
    expect(messageOf(() => network({ flowLogRetentionInDays: 100 }))).toContain(
      "retentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, got 100: CloudWatch Logs allows only these, so use 120",
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

describe("the subnets' address blocks", () => {
  const letters = (count: number) => [..."abcdefg"].slice(0, count).map((letter) => `us-west-2${letter}`);

  test("are a private /19 and a public /22 for each zone of a /16", () => {
    expect(subnetLayout("10.0.0.0/16", letters(3))).toEqual([
      { zone: "us-west-2a", privateCidrBlock: "10.0.0.0/19", publicCidrBlock: "10.0.224.0/22" },
      { zone: "us-west-2b", privateCidrBlock: "10.0.32.0/19", publicCidrBlock: "10.0.228.0/22" },
      { zone: "us-west-2c", privateCidrBlock: "10.0.64.0/19", publicCidrBlock: "10.0.232.0/22" },
    ]);
  });

  test("stay where they are when a zone is added", () => {
    expect(subnetLayout("10.8.0.0/20", letters(6)).slice(0, 3)).toEqual(subnetLayout("10.8.0.0/20", letters(3)));
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

  test.each([
    [
      "10.0.0.0/24",
      3,
      'network has 1 problem:\n  - cidrBlock must be an IPv4 block from /16 to /22, got "10.0.0.0/24": its subnets would be too small, so use for example "10.0.0.0/16"',
    ],
    [
      "10.0.0.0/8",
      3,
      'network has 1 problem:\n  - cidrBlock must be an IPv4 block from /16 to /22, got "10.0.0.0/8": AWS allows no larger block, so use for example "10.0.0.0/16"',
    ],
    [
      "10.0.1.0/16",
      3,
      'network has 1 problem:\n  - cidrBlock must be written with the first address of its /16 block, got "10.0.1.0/16": use "10.0.0.0/16"',
    ],
    [
      "10.0.0.0/16",
      1,
      "network has 1 problem:\n  - availabilityZones must be a list of 2 to 6 zones, got 1 zone: EKS's control plane needs two zones, so add one",
    ],
    [
      "10.0.0.0/16",
      7,
      "network has 1 problem:\n  - availabilityZones must be a list of 2 to 6 zones, got 7 zones: keep 6 of them",
    ],
  ])("are not cut out of %s for %i zones", (cidrBlock, count, message) => {
    expect(messageOf(() => subnetLayout(cidrBlock, letters(count)))).toBe(message);
  });
});
