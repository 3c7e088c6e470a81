import { EksPodIdentityAssociation } from "@cdktf/provider-aws/lib/eks-pod-identity-association";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { type PolicyStatement, policyDocument, trustService } from "../support/iam-policy.ts";
import { dnsLabelProblems } from "../support/kubernetes-syntax.ts";
import { show, throwIfAny, within } from "../support/problems.ts";
import type { ICluster } from "./cluster.ts";

export interface PodIdentityRoleProps {
  readonly cluster: ICluster;
  /** Prefix of the role's name, 37 characters at most: IAM allows 64, and Terraform appends 26. */
  readonly name: string;
  /** Namespace of the pods. */
  readonly namespace: string;
  /** Service account of the pods; it need not exist yet. */
  readonly serviceAccount: string;
  /** Shown in IAM's console. */
  readonly description: string;
  /** @default [] - what the managed policies allow */
  readonly policyStatements?: readonly PolicyStatement[] | undefined;
  /** @default [] */
  readonly managedPolicyArns?: readonly string[] | undefined;
}

/**
 * An IAM role for the pods of one service account, and for no others. Make it long before the pods: the association takes
 * effect with a delay, and a pod admitted earlier never gets credentials (containers-roadmap#2507).
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export class PodIdentityRole extends Construct {
  readonly roleArn: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** What pods with this identity depend on: the association and all permissions. */
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError when a name is not one IAM or Kubernetes takes. */
  constructor(scope: Construct, id: string, props: PodIdentityRoleProps) {
    super(scope, id);
    throwIfAny(`pod identity role ${show(props.name)}`, [
      ...within(["name"], props.name.length <= 37 ? [] : [tooLong(props.name)]),
      ...within(["namespace"], Token.isUnresolved(props.namespace) ? [] : dnsLabelProblems(props.namespace, 63)),
    ]);
    this.namespace = props.namespace;
    this.serviceAccount = props.serviceAccount;
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name}-`,
      description: props.description,
      // The agent tags each session with the pod it is for. Without the conditions any association in the account, of any
      // service account in any cluster, could use this role.
      // @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
      assumeRolePolicy: trustService("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], {
        StringEquals: {
          "aws:RequestTag/eks-cluster-name": props.cluster.clusterName,
          "aws:RequestTag/kubernetes-namespace": props.namespace,
          "aws:RequestTag/kubernetes-service-account": props.serviceAccount,
        },
      }),
    });
    this.roleArn = role.arn;
    const permissions: ITerraformDependable[] = (props.managedPolicyArns ?? []).map(
      (policyArn) =>
        new IamRolePolicyAttachment(this, `policy-${policyArn.split("/").at(-1)}`, { role: role.name, policyArn }),
    );
    if (props.policyStatements !== undefined && props.policyStatements.length > 0) {
      permissions.push(
        new IamRolePolicy(this, "policy", {
          name: props.serviceAccount,
          role: role.name,
          policy: policyDocument(props.policyStatements),
        }),
      );
    }
    const association = new EksPodIdentityAssociation(this, "association", {
      clusterName: props.cluster.clusterName,
      namespace: props.namespace,
      serviceAccount: props.serviceAccount,
      roleArn: role.arn,
    });
    this.dependables = [association, ...permissions];
  }
}

function tooLong(name: string) {
  const allowed = "37 characters at most";
  return { path: [], what: "is too long for a role's name prefix", got: show(name), allowed, fix: "shorten it" };
}
