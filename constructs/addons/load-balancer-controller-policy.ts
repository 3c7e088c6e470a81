import { type PolicyStatement, partitionOf } from "../support/iam-policy.ts";

/** A load balancer, its place, and the cluster that it belongs to. */
export interface LoadBalancerControllerPolicyProps {
  readonly clusterName: string;
  readonly region: string;
  /** The twelve digits of the AWS account. */
  readonly accountId: string;
  /** Name of the only load balancer that the controller makes. */
  readonly loadBalancerName: string;
}

/** The controller puts it on everything that it makes, with the cluster's name. */
export const clusterTag = "elbv2.k8s.aws/cluster";

/**
 * Permissions of the AWS Load Balancer Controller: it may read load balancers and networks, and change the one load balancer of its own
 * cluster. The controller's own policy allows much of this for every load balancer of the account. Three parts of it are missing here:
 * security groups, because Terraform makes them; WAF and Shield, which are switched off; and the search for certificates, because the
 * environment names one. AWS binds the same actions to the tag of a cluster in its policy for EKS.
 *
 * @see https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
 * @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSLoadBalancingPolicy.html
 */
export function loadBalancerControllerPolicy(props: LoadBalancerControllerPolicyProps): PolicyStatement[] {
  const { clusterName, region, accountId, loadBalancerName: name } = props;
  const arn = (resource: string) =>
    `arn:${partitionOf(region)}:elasticloadbalancing:${region}:${accountId}:${resource}`;
  const rules = [arn(`listener/app/${name}/*/*`), arn(`listener-rule/app/${name}/*/*/*`)];
  // The controller makes up the names of target groups.
  const all = [arn(`loadbalancer/app/${name}/*`), ...rules, arn("targetgroup/*/*")];
  const ours = { StringEquals: { [`aws:ResourceTag/${clusterTag}`]: clusterName } };
  const becomesOurs = { [`aws:RequestTag/${clusterTag}`]: clusterName };
  return [
    {
      // The first load balancer of an account makes the role of the service.
      sid: "MakeServiceRole",
      effect: "Allow",
      actions: ["iam:CreateServiceLinkedRole"],
      resources: ["*"],
      conditions: { StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" } },
    },
    {
      sid: "See",
      effect: "Allow",
      actions: [
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
        "ec2:GetSecurityGroupsForVpc",
        "elasticloadbalancing:DescribeCapacityReservation",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeSSLPolicies",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "elasticloadbalancing:DescribeTrustStores",
      ],
      resources: ["*"],
    },
    {
      sid: "MakeOwn",
      effect: "Allow",
      actions: [
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:CreateTargetGroup",
      ],
      resources: all,
      conditions: { StringEquals: becomesOurs },
    },
    {
      sid: "TagWhatItMakes",
      effect: "Allow",
      actions: ["elasticloadbalancing:AddTags"],
      resources: all,
      conditions: {
        StringEquals: {
          ...becomesOurs,
          "elasticloadbalancing:CreateAction": [
            "CreateListener",
            "CreateLoadBalancer",
            "CreateRule",
            "CreateTargetGroup",
          ],
        },
      },
    },
    {
      // The tag of the cluster stays: a request that names it is refused. A removal names keys only, and has no `aws:RequestTag`.
      sid: "TagOwn",
      effect: "Allow",
      actions: ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
      resources: all,
      conditions: { ...ours, "ForAllValues:StringNotEquals": { "aws:TagKeys": clusterTag } },
    },
    {
      sid: "ChangeOwn",
      effect: "Allow",
      actions: [
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyListenerAttributes",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:ModifyRule",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:RegisterTargets",
        "elasticloadbalancing:RemoveListenerCertificates",
        "elasticloadbalancing:SetIpAddressType",
        "elasticloadbalancing:SetSecurityGroups",
        "elasticloadbalancing:SetSubnets",
      ],
      resources: all,
      conditions: ours,
    },
    {
      // Bound to the name alone: AWS's own policy has no tag as a condition of them.
      sid: "DeleteAndOrderRules",
      effect: "Allow",
      actions: [
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DeleteRule",
        "elasticloadbalancing:SetRulePriorities",
      ],
      resources: rules,
    },
  ];
}
