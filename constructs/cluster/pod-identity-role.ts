import { EksPodIdentityAssociation } from "@cdktf/provider-aws/lib/eks-pod-identity-association";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { type PolicyStatement, policyDocument, trustService } from "../support/iam-policy.ts";
import { dnsLabelProblems } from "../support/kubernetes-syntax.ts";
import { type Problem, show, throwIfAny, within } from "../support/problems.ts";
import type { ICluster } from "./cluster.ts";

/** A role, and the pods that may use it. */
export interface PodIdentityRoleProps {
  /** The cluster of the pods. */
  readonly cluster: ICluster;
  /** Prefix of the role's name, at most 37 characters: IAM allows 64, and Terraform appends 26. */
  readonly name: string;
  /** Namespace of the pods. */
  readonly namespace: string;
  /** Service account of the pods; it need not exist yet. */
  readonly serviceAccount: string;
  /** Description in IAM's console. */
  readonly description: string;
  /**
   * Permissions of the pods, beside those of the managed policies.
   * @default []
   */
  readonly policyStatements?: readonly PolicyStatement[] | undefined;
  /**
   * ARNs of policies that AWS or the account maintains.
   * @default []
   */
  readonly managedPolicyArns?: readonly string[] | undefined;
}

/**
 * An IAM role for the pods of one service account, and for no others. Create it before the pods: the association takes effect with a
 * delay, for which Terraform waits, and a pod admitted earlier never gets credentials (containers-roadmap#2507).
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export class PodIdentityRole extends Construct {
  /** The underlying `aws_iam_role`, for settings without an option here. */
  readonly resource: IamRole;
  /** ARN of the role, for policies of other accounts or services. */
  readonly roleArn: string;
  /** Namespace of the pods. */
  readonly namespace: string;
  /** Service account of the pods. */
  readonly serviceAccount: string;
  /** The association and all permissions. Pods with this identity depend on them. */
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError for a name that IAM or Kubernetes would refuse. */
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
      // The agent tags each session with its pod. Without the conditions, any association in the account could use this role, for
      // any service account of any cluster.
      // @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
      assumeRolePolicy: trustService("pods.eks.amazonaws.com", {
        actions: ["sts:AssumeRole", "sts:TagSession"],
        sourceAccount: props.cluster.accountId,
        equals: {
          "aws:RequestTag/eks-cluster-name": props.cluster.clusterName,
          "aws:RequestTag/kubernetes-namespace": props.namespace,
          "aws:RequestTag/kubernetes-service-account": props.serviceAccount,
        },
      }),
    });
    this.resource = role;
    this.roleArn = role.arn;
    const policies: ITerraformDependable[] = (props.managedPolicyArns ?? []).map(
      (policyArn) =>
        new IamRolePolicyAttachment(this, `policy-${policyArn.split("/").at(-1)}`, { role: role.name, policyArn }),
    );
    if (props.policyStatements !== undefined && props.policyStatements.length > 0) {
      policies.push(
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
      // Terraform goes on when the association is in effect, also with a job that is added to a cluster whose machines wait.
      provisioners: [{ type: "local-exec", interpreter: ["node", "-e"], command: waitForEffect }],
    });
    this.dependables = [association, ...policies];
  }
}

/**
 * A program for Node.js, since shells differ. An association "may take several seconds to be effective", and a worker without
 * credentials fails for good.
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
 */
const waitForEffect = "setTimeout(() => {}, 15_000)";

function tooLong(name: string): Problem {
  const fix = "IAM allows 64 characters in a role's name and Terraform appends 26, so shorten it";
  return { path: [], allowed: "at most 37 characters long", got: show(name), fix };
}
