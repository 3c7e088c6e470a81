import { LoadBalancerGroup } from "../../../constructs/network/load-balancer-group.ts";
import { synthesize } from "../../support/synthesized.ts";

const made = synthesize((stack) => {
  new LoadBalancerGroup(stack, "load-balancer", {
    name: "dev-load-balancer",
    vpcId: "vpc-1",
    allowedCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
    targets: { securityGroupId: "sg-nodes", port: 8080 },
    dependsOn: [],
  });
});
const group = `\${${made.address("aws_security_group")}.id}`;

describe("the security group of a load balancer", () => {
  test("is in the VPC, without rules of its own", () => {
    expect(made.one("aws_security_group")).toEqual({
      name_prefix: "dev-load-balancer-",
      description: "Load balancer of the services",
      vpc_id: "vpc-1",
      tags: { Name: "dev-load-balancer" },
      depends_on: [],
    });
  });

  test("lets the allowed blocks in, by HTTPS and by HTTP that is redirected, and nobody else", () => {
    const rules = made.all("aws_vpc_security_group_ingress_rule").filter(({ security_group_id: id }) => id === group);
    expect(
      rules
        .map(({ cidr_ipv4, from_port, to_port, ip_protocol }) => [cidr_ipv4, from_port, to_port, ip_protocol])
        .sort(),
    ).toEqual([
      ["198.51.100.7/32", 443, 443, "tcp"],
      ["198.51.100.7/32", 80, 80, "tcp"],
      ["203.0.113.0/24", 443, 443, "tcp"],
      ["203.0.113.0/24", 80, 80, "tcp"],
    ]);
  });

  test("lets the load balancer reach the pods' port on the nodes, and the nodes let it in on that port alone", () => {
    const toPods = { ip_protocol: "tcp", from_port: 8080, to_port: 8080 };
    expect(made.one("aws_vpc_security_group_egress_rule", "load-balancer_to-pods_")).toMatchObject({
      ...toPods,
      security_group_id: group,
      referenced_security_group_id: "sg-nodes",
    });
    const rules = made.all("aws_vpc_security_group_ingress_rule").filter(({ security_group_id: id }) => id !== group);
    expect(rules).toEqual([
      expect.objectContaining({ ...toPods, security_group_id: "sg-nodes", referenced_security_group_id: group }),
    ]);
  });

  test("lets the load balancer ask the identity provider by HTTPS, and has no other way out", () => {
    const rules = made.all("aws_vpc_security_group_egress_rule");
    expect(rules).toHaveLength(2);
    expect(rules).toContainEqual(
      expect.objectContaining({ security_group_id: group, cidr_ipv4: "0.0.0.0/0", from_port: 443, to_port: 443 }),
    );
  });
});
