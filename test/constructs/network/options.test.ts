import { existingNetworkAttributesSchema, networkOptionsSchema } from "../../../constructs/network/network.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

test("the options of a network, as errors and the reference describe them", () => {
  expect(fieldsOf(networkOptionsSchema)).toEqual([
    'cidrBlock; must be an IPv4 block from /16 to /22; example "10.0.0.0/16"',
    'natGateways?; single per-zone; example "per-zone"; default "single"; use for example "single"; nodes pull images from registries outside AWS, and only an existingNetwork can have another way there',
    'interfaceEndpoints?; must be a list of AWS services; example ["ecr.api","ecr.dkr"]; default []',
    'interfaceEndpoints[]; ecr.api ecr.dkr sts eks eks-auth autoscaling ec2 sqs logs; example "ecr.api"',
    "flowLogRetentionInDays?; must be a number of days that CloudWatch Logs allows; example 90",
  ]);
  expect(fieldsThatMisbehave(networkOptionsSchema)).toEqual([]);
});

test("the options of an existing network, as errors and the reference describe them", () => {
  expect(fieldsOf(existingNetworkAttributesSchema)).toEqual([
    'vpcId; must be a VPC id (vpc-<hexadecimal>); example "vpc-0123456789abcdef0"',
    'privateSubnetIds; must be an object of subnet ids by availability zone; example {"us-west-2a":"subnet-0a1b2c3d","us-west-2b":"subnet-1a1b2c3d"}',
    'privateSubnetIds.*; must be a subnet id (subnet-<hexadecimal>); example "subnet-0a1b2c3d"',
    'publicSubnetIds?; must be an object of subnet ids by availability zone; example {"us-west-2a":"subnet-3a1b2c3d","us-west-2b":"subnet-4a1b2c3d"}',
    'publicSubnetIds.*; must be a subnet id (subnet-<hexadecimal>); example "subnet-3a1b2c3d"',
  ]);
  expect(fieldsThatMisbehave(existingNetworkAttributesSchema)).toEqual([]);
});
