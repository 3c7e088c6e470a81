import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { submitStatements, type WorkQueue } from "../queue/work-queue.ts";
import type { ResultsBucket } from "../storage/results-bucket.ts";
import type { PolicyStatement } from "../support/iam-policy.ts";
import { apiName, servicesNamespace } from "./services-names.ts";

/** The places that the API reads and writes. */
export interface ApiStatementsProps {
  readonly results: Pick<ResultsBucket, "bucketArn">;
  /** Prefix of the keys of all results, for example `runs/`. */
  readonly resultsPrefix: string;
  /** Prefixes of the keys of what the API submits, below {@link resultsPrefix}. */
  readonly submittedPrefixes: readonly string[];
  readonly queues: readonly WorkQueue[];
}

/**
 * Permissions of the API: it reads all results, writes beside those that it submits, sends messages, and deletes the dead letters of a sweep
 * that it resumes. It deletes nothing of the bucket: it withdraws a note by writing an empty one.
 */
export function apiStatements({ results, resultsPrefix, submittedPrefixes, queues }: ApiStatementsProps) {
  const { bucketArn } = results;
  const statements: PolicyStatement[] = [
    {
      sid: "ListResults",
      effect: "Allow",
      actions: ["s3:ListBucket"],
      resources: [bucketArn],
      // The condition is also evaluated for missing keys, so S3 answers NoSuchKey instead of AccessDenied (ceph#68577).
      conditions: { StringLike: { "s3:prefix": `${resultsPrefix}*` } },
    },
    {
      sid: "ReadResults",
      effect: "Allow",
      actions: ["s3:GetObject"],
      resources: [`${bucketArn}/${resultsPrefix}*`],
    },
  ];
  if (submittedPrefixes.length > 0) {
    const resources = submittedPrefixes.map((prefix) => `${bucketArn}/${prefix}*`);
    statements.push({ sid: "SubmitRuns", effect: "Allow", actions: ["s3:PutObject"], resources });
  }
  return queues.length === 0 ? statements : [...statements, ...submitStatements(queues)];
}

export interface ApiRoleProps {
  /** Namespace of the pods that compute. */
  readonly namespace: string;
  /** Resources that must exist before, and outlive it: the namespace. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Lets the API see the pods that compute and why they wait, and nothing else of the cluster. */
export class ApiRole extends Construct {
  /** Pods of the API depend on them. */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, { namespace, dependsOn }: ApiRoleProps) {
    super(scope, id);
    const metadata = { name: apiName, namespace, labels: { "app.kubernetes.io/part-of": "evaluation-platform" } };
    const role = new RoleV1(this, "role", {
      metadata,
      rule: [
        { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
        { apiGroups: [""], resources: ["events"], verbs: ["list"] },
      ],
      dependsOn: [...dependsOn],
    });
    const binding = new RoleBindingV1(this, "role-binding", {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: apiName },
      subject: [{ kind: "ServiceAccount", name: apiName, namespace: servicesNamespace }],
      dependsOn: [role],
    });
    this.dependables = [role, binding];
  }
}
