import { clusterOptionsSchema } from "../../../constructs/cluster/cluster.ts";
import { clusterAccessOptionsSchema } from "../../../constructs/cluster/cluster-access.ts";
import { clusterAddonsOptionsSchema } from "../../../constructs/cluster/kubernetes-versions.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

test("the options of a cluster, as errors and the reference describe them", () => {
  expect(fieldsOf(clusterOptionsSchema)).toEqual([
    'kubernetesVersion; must be a Kubernetes minor; example "1.35"',
    'availabilityZones; must be a list of 2 or 3 zones of the network; example ["us-west-2a","us-west-2b"]',
    'availabilityZones[]; must be a zone of the network; example "us-west-2a"',
    'endpointPublicAccessCidrs?; must be a list of IPv4 blocks; example ["203.0.113.7/32"]',
    'endpointPublicAccessCidrs[]; must be an IPv4 block of /8 or smaller; example "203.0.113.7/32"',
    'enabledLogTypes?; must be a list of logs; example ["audit"]; default ["api","audit","authenticator"]',
    'enabledLogTypes[]; api audit authenticator controllerManager scheduler; example "audit"',
    "logRetentionInDays?; must be a number of days that CloudWatch Logs allows; example 90; default 30",
    "deletionProtection?; must be true or false; example true",
  ]);
  expect(fieldsThatMisbehave(clusterOptionsSchema)).toEqual([]);
});

test("the options of access to a cluster, as errors and the reference describe them", () => {
  expect(fieldsOf(clusterAccessOptionsSchema)).toEqual([
    'administrators; must be a list of ARNs; example ["arn:aws:iam::111122223333:role/platform-administrator"]',
    'administrators[]; must be the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>); example "arn:aws:iam::111122223333:role/platform-administrator"',
  ]);
  expect(fieldsThatMisbehave(clusterAccessOptionsSchema)).toEqual([]);
});

test("the options of a cluster's add-ons, as errors and the reference describe them", () => {
  expect(fieldsOf(clusterAddonsOptionsSchema)).toEqual([
    'addonVersions?; must be an object of versions by add-on; example {"vpc-cni":"v1.22.3-eksbuild.1"}',
    'addonVersions.*?; must be the exact version of an EKS add-on (v<major>.<minor>.<patch>-eksbuild.<number>); example "v1.22.3-eksbuild.1"',
  ]);
  expect(fieldsThatMisbehave(clusterAddonsOptionsSchema)).toEqual([]);
});
