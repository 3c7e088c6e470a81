import { clusterAutoscalerPolicy } from "../../../constructs/addons/cluster-autoscaler-policy.ts";

test("the cluster autoscaler may see everything, resize the groups of its own cluster, and do nothing else", () => {
  expect(clusterAutoscalerPolicy("test-platform")).toEqual([
    {
      sid: "See",
      effect: "Allow",
      // The full list of cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md.
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
      conditions: { StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/test-platform": "owned" } },
    },
  ]);
});
