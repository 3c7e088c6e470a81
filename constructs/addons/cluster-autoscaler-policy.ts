import type { PolicyStatement } from "../support/iam-policy.ts";

/**
 * Permissions of the cluster autoscaler: it may read everything, and change the size of this cluster's groups only. EKS puts the
 * condition's tag on the auto scaling group of each managed node group. The permissions are those that the autoscaler lists. The
 * condition is added here: `Resource: "*"` alone would let it terminate any instance of the account.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md#full-cluster-autoscaler-features-policy-recommended
 */
export function clusterAutoscalerPolicy(clusterName: string): PolicyStatement[] {
  return [
    {
      sid: "See",
      effect: "Allow",
      actions: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "eks:DescribeNodegroup",
      ],
      resources: ["*"],
    },
    {
      sid: "ResizeGroupsOfThisCluster",
      effect: "Allow",
      actions: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      resources: ["*"],
      conditions: { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${clusterName}`]: "owned" } },
    },
  ];
}
