/** Answers in place of AWS's: the provider checks ARNs and ids, and an invented list would be empty. */
const answers: Readonly<Record<string, object>> = {
  aws_iam_role: { arn: "arn:aws:iam::111122223333:role/mock" },
  aws_kms_key: { arn: "arn:aws:kms:us-west-2:111122223333:key/mock" },
  aws_cloudwatch_log_group: { arn: "arn:aws:logs:us-west-2:111122223333:log-group:mock" },
  aws_eks_cluster: { arn: "arn:aws:eks:us-west-2:111122223333:cluster/mock" },
  // OpenTofu wants every field of it.
  aws_eks_node_group: { resources: [{ autoscaling_groups: [{ name: "mock" }], remote_access_security_group_id: "" }] },
  aws_launch_template: { id: "lt-0123456789abcdef0", latest_version: 1 },
  aws_s3_bucket_lifecycle_configuration: { transition_default_minimum_object_size: "all_storage_classes_128K" },
  aws_s3_bucket: { arn: "arn:aws:s3:::mock" },
};

/** A file for `terraform test` that applies a stack without AWS, and then plans it once more. */
export const mockedApply = {
  mock_provider: {
    aws: { mock_resource: Object.entries(answers).map(([type, defaults]) => ({ [type]: { defaults } })) },
  },
  run: [{ everything: { command: "apply" } }, { once_more: { command: "plan" } }],
};
