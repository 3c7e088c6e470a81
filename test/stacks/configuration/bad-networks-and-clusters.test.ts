import { addonNames } from "../../../constructs/cluster/kubernetes-versions.ts";
import { fromZero } from "../../../constructs/pools/capacity.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { existingVpc, problemsOf } from "../../support/fixtures.ts";

const addonVersions = {
  ...Object.fromEntries(addonNames.map((name) => [name, "v1.34.1-eksbuild.1"])),
  "aws-ebs-csi-driver": "v1.58.0-eksbuild.1",
};

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "no network at all",
    { network: undefined },
    [
      'network must be given when there is no existingNetwork, got nothing: use for example network: { cidrBlock: "10.0.0.0/16" }',
    ],
  ],
  [
    "a block that is no block",
    { network: { cidrBlock: "10.0.0.0" } },
    ['network.cidrBlock must be an IPv4 block from /16 to /22, got "10.0.0.0": use for example "10.0.0.0/16"'],
  ],
  [
    "a block too small for subnets",
    { network: { cidrBlock: "10.0.0.0/26" } },
    [
      'network.cidrBlock must be an IPv4 block from /16 to /22, got "10.0.0.0/26": its subnets would be too small, so use for example "10.0.0.0/16"',
    ],
  ],
  [
    "a block that begins elsewhere",
    { network: { cidrBlock: "10.0.4.0/16" } },
    ['network.cidrBlock must be written with the first address of its /16 block, got "10.0.4.0/16": use "10.0.0.0/16"'],
  ],
  [
    "a block too small for the nodes it may have",
    { network: { cidrBlock: "10.0.0.0/22" } },
    [
      'network.cidrBlock must be a block with 668 addresses or more, for 21 nodes when every pool is at its maximum, got "10.0.0.0/22" with 369 addresses in the 3 private subnets of us-west-2a, us-west-2b, us-west-2c: use a larger block, at most /16, or lower the maxima',
    ],
  ],
  [
    "a NAT mode that does not exist",
    { network: { cidrBlock: "10.0.0.0/16", natGateways: "two" } },
    [
      'network.natGateways must be "single" or "per-zone", got "two": use for example "single"; nodes pull images from registries outside AWS, and only an existingNetwork can have another way there',
    ],
  ],
  [
    "nodes without a way to the registries of images",
    { network: { cidrBlock: "10.0.0.0/16", natGateways: "none", interfaceEndpoints: ["ecr.api", "ecr.dkr", "sts"] } },
    [
      'network.natGateways must be "single" or "per-zone", got "none": use for example "single"; nodes pull images from registries outside AWS, and only an existingNetwork can have another way there',
    ],
  ],
  [
    "an endpoint that nothing here uses",
    { network: { cidrBlock: "10.0.0.0/16", interfaceEndpoints: ["ses"] } },
    [
      'network.interfaceEndpoints[0] must be "ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "autoscaling", "ec2", "sqs" or "logs", got "ses": use for example "ecr.api"',
    ],
  ],
  [
    "an endpoint twice",
    { network: { cidrBlock: "10.0.0.0/16", interfaceEndpoints: ["sqs", "sqs"] } },
    ['network.interfaceEndpoints[1] must be different from the services before it, got "sqs": remove one of the two'],
  ],
  [
    "a retention CloudWatch does not know",
    { network: { cidrBlock: "10.0.0.0/16", flowLogRetentionInDays: 45 } },
    [
      "network.flowLogRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, got 45: CloudWatch Logs allows only these, so use 60",
    ],
  ],
  [
    "an existing VPC by its name",
    { network: undefined, existingNetwork: { ...existingVpc, vpcId: "main" } },
    [
      'existingNetwork.vpcId must be the id of a VPC, vpc-<hexadecimal>, got "main": copy it from aws ec2 describe-vpcs',
    ],
  ],
  [
    "an existing subnet by its name",
    {
      network: undefined,
      existingNetwork: {
        ...existingVpc,
        privateSubnetIds: { ...existingVpc.privateSubnetIds, "us-west-2a": "private-a" },
      },
    },
    [
      'existingNetwork.privateSubnetIds.us-west-2a must be the id of a subnet, subnet-<hexadecimal>, got "private-a": copy it from aws ec2 describe-subnets',
    ],
  ],
  [
    "an existing VPC without a subnet in each zone",
    { network: undefined, existingNetwork: { ...existingVpc, privateSubnetIds: { "us-west-2a": "subnet-0a1b2c3d" } } },
    [
      "existingNetwork.privateSubnetIds must be one subnet in each of us-west-2a, us-west-2b, us-west-2c, got subnets in us-west-2a: add, remove or rename zones here or in availabilityZones",
    ],
  ],
  [
    "a Kubernetes minor without a cluster autoscaler",
    { cluster: { ...dev.cluster, kubernetesVersion: "1.29" } },
    [
      'cluster.kubernetesVersion must be 1.33, 1.34, 1.35 or 1.36, got "1.29": use "1.35", or add the versions for this minor to kubernetesMinors',
    ],
  ],
  [
    "a Kubernetes minor whose add-ons are not pinned, and an environment that names all but one of them",
    { cluster: { ...dev.cluster, kubernetesVersion: "1.34", addonVersions: { ...addonVersions, coredns: undefined } } },
    [
      "cluster.addonVersions.coredns must be given, since kubernetesMinors pins no version for Kubernetes 1.34, got nothing: use a version that aws eks describe-addon-versions --kubernetes-version 1.34 --addon-name coredns lists",
    ],
  ],
  [
    "an add-on that is not one of the platform's",
    { cluster: { ...dev.cluster, addonVersions: { "vpc-cnii": "v1.22.3-eksbuild.1" } } },
    [
      'cluster.addonVersions.vpc-cnii must be left out, got "v1.22.3-eksbuild.1": remove it, or rename it to vpc-cni, kube-proxy, eks-pod-identity-agent, coredns, metrics-server or aws-ebs-csi-driver',
    ],
  ],
  [
    "a block with room for all nodes, but not in the zone that a pool names",
    {
      network: { cidrBlock: "10.0.0.0/21" },
      workload: { namespace: "sweep", jobs: [] },
      nodePools: {
        general: dev.nodePools.general,
        gpu: { ...dev.nodePools.gpu, capacity: fromZero(13), availabilityZones: ["us-west-2c"] },
      },
    },
    [
      'network.cidrBlock must be a block with 260 addresses or more, for 13 nodes when every pool is at its maximum, got "10.0.0.0/21" with 251 addresses in the private subnet of us-west-2c: use a larger block, at most /16, or lower the maxima',
    ],
  ],
  [
    "a zone of the cluster that the environment lacks",
    { cluster: { ...dev.cluster, availabilityZones: ["us-west-2a", "us-west-2d"] } },
    [
      'cluster.availabilityZones[1] must be us-west-2a, us-west-2b or us-west-2c, got "us-west-2d": name one of these, or add the zone to the network, which keeps the zones of its cluster',
    ],
  ],
  [
    "a zone taken away from under the cluster",
    { availabilityZones: ["us-west-2a", "us-west-2b"] },
    [
      'cluster.availabilityZones[2] must be us-west-2a or us-west-2b, got "us-west-2c": name one of these, or add the zone to the network, which keeps the zones of its cluster',
    ],
  ],
  [
    "an existing VPC without a subnet in a zone that is added",
    {
      network: undefined,
      existingNetwork: existingVpc,
      availabilityZones: [...dev.availabilityZones, "us-west-2d"],
    },
    [
      "existingNetwork.privateSubnetIds must be one subnet in each of us-west-2a, us-west-2b, us-west-2c, us-west-2d, got subnets in us-west-2a, us-west-2b, us-west-2c: add, remove or rename zones here or in availabilityZones",
    ],
  ],
  [
    "a letter that no zone of the region has",
    { availabilityZones: [...dev.availabilityZones, "us-west-2g"] },
    [
      'availabilityZones[3] must be a zone of us-west-2, got "us-west-2g": use for example "us-west-2a", or add a letter that aws ec2 describe-availability-zones lists to constructs/support/aws-regions.ts',
    ],
  ],
  [
    "nobody who may administrate",
    { cluster: { ...dev.cluster, administrators: [] } },
    [
      'cluster.administrators must be a list of at least one IAM role or user, the only ones with access, got []: name a role, for example "arn:aws:iam::111122223333:role/platform-administrator"',
    ],
  ],
  [
    "a session as administrator",
    { cluster: { ...dev.cluster, administrators: ["arn:aws:sts::111122223333:assumed-role/admin/alice"] } },
    [
      'cluster.administrators[0] must be the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>), got "arn:aws:sts::111122223333:assumed-role/admin/alice": this is a session, so use its role, for example "arn:aws:iam::111122223333:role/admin"',
    ],
  ],
  [
    "two administrators of one name",
    {
      cluster: {
        ...dev.cluster,
        administrators: ["arn:aws:iam::111122223333:role/admin", "arn:aws:iam::111122223333:user/admin"],
      },
    },
    [
      'cluster.administrators[1] must be an IAM role or user whose name differs from those before, because the access entry is named after it, got "admin": remove one of the two',
    ],
  ],
  [
    "an API open to the internet",
    { cluster: { ...dev.cluster, endpointPublicAccessCidrs: ["0.0.0.0/0"] } },
    [
      "cluster.endpointPublicAccessCidrs[0] must be an IPv4 block of /8 or smaller, got \"0.0.0.0/0\": a larger block opens the Kubernetes API to the internet, so use your office's or VPN's block, or remove the property",
    ],
  ],
  [
    "an empty allow-list",
    { cluster: { ...dev.cluster, endpointPublicAccessCidrs: [] } },
    [
      "cluster.endpointPublicAccessCidrs must be a list of at least one block, got []: AWS takes an empty list for 0.0.0.0/0, so add your office's or VPN's block, or remove the property for no public endpoint",
    ],
  ],
  [
    "logs kept for a number of days CloudWatch does not know",
    { cluster: { ...dev.cluster, logRetentionInDays: 10 } },
    [
      "cluster.logRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, got 10: CloudWatch Logs allows only these, so use 14",
    ],
  ],
])("a network or cluster with %s is refused", (_, changes, messages) => {
  expect(problemsOf({ ...dev, ...changes }).map(describeProblem)).toEqual(messages);
});

test("a Kubernetes minor without pinned add-ons is accepted with a version of each", () => {
  expect(problemsOf({ ...dev, cluster: { ...dev.cluster, kubernetesVersion: "1.34", addonVersions } })).toEqual([]);
});
