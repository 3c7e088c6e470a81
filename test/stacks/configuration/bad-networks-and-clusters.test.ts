import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { existingVpc, problemsOf } from "../../support/fixtures.ts";

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "no network at all",
    { network: undefined },
    [
      'network is missing: got neither network nor existingNetwork, allowed is exactly one of the two; write for example network: { cidrBlock: "10.0.0.0/16" }',
    ],
  ],
  [
    "a block that is no block",
    { network: { cidrBlock: "10.0.0.0" } },
    [
      'network.cidrBlock is not a CIDR block: got "10.0.0.0", allowed is an IPv4 address, a slash, and a prefix length; use for example "10.0.0.0/16"',
    ],
  ],
  [
    "a block too small for subnets",
    { network: { cidrBlock: "10.0.0.0/26" } },
    [
      'network.cidrBlock is too small for its subnets: got "10.0.0.0/26", allowed is /16 to /22; use for example "10.0.0.0/16"',
    ],
  ],
  [
    "a block that begins elsewhere",
    { network: { cidrBlock: "10.0.4.0/16" } },
    [
      'network.cidrBlock does not begin at its own start: got "10.0.4.0/16", allowed is the block\'s first address; use "10.0.0.0/16"',
    ],
  ],
  [
    "a block too small for the nodes it may have",
    { network: { cidrBlock: "10.0.0.0/22" } },
    [
      'network.cidrBlock is too small for the pools: got "10.0.0.0/22" with 369 addresses in 3 private subnets, allowed is 668 addresses or more, for 21 nodes when every pool is at its maximum; use a larger block, at most /16, or lower the maxima',
    ],
  ],
  [
    "a NAT mode that does not exist",
    { network: { cidrBlock: "10.0.0.0/16", natGateways: "two" } },
    [
      'network.natGateways is not one of the words known here: got "two", allowed is "none", "single" or "per-zone"; use one of these',
    ],
  ],
  [
    "nodes without any way to AWS",
    { network: { cidrBlock: "10.0.0.0/16", natGateways: "none", interfaceEndpoints: ["sts", "sqs"] } },
    [
      'network.interfaceEndpoints leaves nodes no way to AWS, since there is no NAT gateway: got ["sts","sqs"], allowed is at least ecr.api, ecr.dkr, sts, eks, eks-auth, autoscaling, ec2; add ecr.api, ecr.dkr, eks, eks-auth, autoscaling, ec2, or use natGateways: "single"',
    ],
  ],
  [
    "an endpoint that nothing here uses",
    { network: { cidrBlock: "10.0.0.0/16", interfaceEndpoints: ["ses"] } },
    [
      'network.interfaceEndpoints[0] is not one of the words known here: got "ses", allowed is "ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "autoscaling", "ec2", "sqs" or "logs"; use one of these',
    ],
  ],
  [
    "an endpoint twice",
    { network: { cidrBlock: "10.0.0.0/16", interfaceEndpoints: ["sqs", "sqs"] } },
    ['network.interfaceEndpoints repeats a service: got "sqs", allowed is each once; remove one'],
  ],
  [
    "a retention CloudWatch does not know",
    { network: { cidrBlock: "10.0.0.0/16", flowLogRetentionInDays: 45 } },
    [
      "network.flowLogRetentionInDays is not a retention of CloudWatch Logs: got 45, allowed is 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; use 60",
    ],
  ],
  [
    "an existing VPC by its name",
    { network: undefined, existingNetwork: { ...existingVpc, vpcId: "main" } },
    [
      'existingNetwork.vpcId is not a VPC\'s id: got "main", allowed is vpc-<hexadecimal>; aws ec2 describe-vpcs lists yours',
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
      'existingNetwork.privateSubnetIds.us-west-2a is not a subnet\'s id: got "private-a", allowed is subnet-<hexadecimal>; aws ec2 describe-subnets lists yours',
    ],
  ],
  [
    "an existing VPC without a subnet in each zone",
    { network: undefined, existingNetwork: { ...existingVpc, privateSubnetIds: { "us-west-2a": "subnet-0a1b2c3d" } } },
    [
      'existingNetwork.privateSubnetIds is for other zones: got ["us-west-2a"], allowed is exactly the environment\'s zones us-west-2a, us-west-2b, us-west-2c; give each zone one subnet',
    ],
  ],
  [
    "a Kubernetes minor without an autoscaler",
    { cluster: { ...dev.cluster, kubernetesVersion: "1.29" } },
    [
      'cluster.kubernetesVersion is a minor without a cluster autoscaler: got "1.29", allowed is 1.33, 1.34, 1.35 or 1.36; use "1.35", or add its image to clusterAutoscalerImageTags',
    ],
  ],
  [
    "a Kubernetes minor whose add-ons are not known",
    { cluster: { ...dev.cluster, kubernetesVersion: "1.34" } },
    [
      'cluster.kubernetesVersion is a minor whose add-on versions are not known here: got "1.34", allowed is 1.35, or any other with cluster.addonVersions; add cluster.addonVersions for vpc-cni, kube-proxy, eks-pod-identity-agent, coredns, metrics-server, aws-ebs-csi-driver (aws eks describe-addon-versions --kubernetes-version 1.34)',
    ],
  ],
  [
    "an add-on that is not one of the platform's",
    { cluster: { ...dev.cluster, addonVersions: { "vpc-cnii": "v1.22.3-eksbuild.1" } } },
    [
      'cluster.addonVersions.vpc-cnii is not a field: got "v1.22.3-eksbuild.1", allowed is vpc-cni, kube-proxy, eks-pod-identity-agent, coredns, metrics-server or aws-ebs-csi-driver; remove it or correct its name',
    ],
  ],
  [
    "nobody who may administrate",
    { cluster: { ...dev.cluster, administrators: [] } },
    [
      'cluster.administrators is empty, and nobody could get into the cluster: got [], allowed is at least one IAM role or user; name a role, for example "arn:aws:iam::111122223333:role/platform-administrator"',
    ],
  ],
  [
    "a session as administrator",
    { cluster: { ...dev.cluster, administrators: ["arn:aws:sts::111122223333:assumed-role/admin/alice"] } },
    [
      'cluster.administrators[0] is a session, not a principal: got "arn:aws:sts::111122223333:assumed-role/admin/alice", allowed is arn:aws:iam::<account>:role/<name> or user/<name>; use the role itself, for example "arn:aws:iam::111122223333:role/admin"',
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
      'cluster.administrators repeats a name: got "admin", allowed is each name once, since it makes the address of the access entry; remove one',
    ],
  ],
  [
    "an API open to the internet",
    { cluster: { ...dev.cluster, endpointPublicAccessCidrs: ["0.0.0.0/0"] } },
    [
      "cluster.endpointPublicAccessCidrs[0] opens the Kubernetes API to the internet: got \"0.0.0.0/0\", allowed is blocks of /8 or smaller; name your office's or VPN's block, or remove the property and connect from the VPC",
    ],
  ],
  [
    "an empty allow-list",
    { cluster: { ...dev.cluster, endpointPublicAccessCidrs: [] } },
    [
      "cluster.endpointPublicAccessCidrs is an empty allow-list, which AWS takes for 0.0.0.0/0: got [], allowed is at least one block, or the property left out for no public endpoint; name your office's or VPN's block, or remove the property",
    ],
  ],
  [
    "logs kept for a number of days CloudWatch does not know",
    { cluster: { ...dev.cluster, logRetentionInDays: 10 } },
    [
      "cluster.logRetentionInDays is not a retention of CloudWatch Logs: got 10, allowed is 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; use 14",
    ],
  ],
])("a network or cluster with %s is refused", (_, changes, messages) => {
  expect(problemsOf({ ...dev, ...changes }).map(describeProblem)).toEqual(messages);
});
