import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { Construct } from "constructs";
import type { PolicyStatement } from "../support/iam-policy.ts";

export interface ResultsBucketProps {
  /** Prefix of the bucket's name, 37 characters at most; AWS makes the rest unique in the world. */
  readonly name: string;
  /**
   * Whether a destroy deletes all results too.
   * @default false - a bucket that holds anything stops the destroy
   */
  readonly forceDestroy?: boolean | undefined;
  /**
   * Whether Terraform refuses to plan the deletion or the replacement of the bucket, empty or not.
   * @default false
   */
  readonly deletionProtection?: boolean | undefined;
  /**
   * Days after which a result is deleted.
   * @default - never
   */
  readonly expirationInDays?: number | undefined;
}

/** Where workers write results: versioned, encrypted, reached over TLS only, never public. */
export class ResultsBucket extends Construct {
  readonly bucketName: string;
  readonly bucketArn: string;

  constructor(scope: Construct, id: string, props: ResultsBucketProps) {
    super(scope, id);
    const bucket = new S3Bucket(this, "bucket", {
      bucketPrefix: `${props.name}-`,
      forceDestroy: props.forceDestroy ?? false,
      ...(props.deletionProtection && { lifecycle: { preventDestroy: true } }),
    });
    this.bucketName = bucket.bucket;
    this.bucketArn = bucket.arn;
    new S3BucketVersioningA(this, "versioning", {
      bucket: bucket.id,
      versioningConfiguration: { status: "Enabled" },
    });
    new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket: bucket.id,
      rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    });
    new S3BucketOwnershipControls(this, "ownership", {
      bucket: bucket.id,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    const noPublicAccess = new S3BucketPublicAccessBlock(this, "no-public-access", {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketPolicy(this, "policy", {
      bucket: bucket.id,
      policy: tlsOnly(bucket.arn),
      // S3 answers "a conflicting conditional operation is currently in progress" to both at once.
      dependsOn: [noPublicAccess],
    });
    this.lifecycle(bucket, props.expirationInDays);
  }

  /**
   * What a worker needs to write and reread results below one prefix. Not deletion: an interrupted worker can then lose
   * nothing but its own time.
   */
  writeStatements(prefix: string): PolicyStatement[] {
    return [
      {
        sid: "WriteResults",
        effect: "Allow",
        actions: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        resources: [`${this.bucketArn}/${prefix}*`],
      },
      {
        sid: "ListResults",
        effect: "Allow",
        actions: ["s3:ListBucket"],
        resources: [this.bucketArn],
        // S3 holds the key of a missing object against it, too, and says "no such key" and not "access denied" (ceph#68577).
        conditions: { StringLike: { "s3:prefix": `${prefix}*` } },
      },
    ];
  }

  private lifecycle(bucket: S3Bucket, expirationInDays: number | undefined): void {
    const everything = { status: "Enabled", filter: [{ prefix: "" }] };
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket: bucket.id,
      rule: [
        // Parts of an upload that a lost machine never finished are invisible and cost like any object.
        {
          id: "abort-incomplete-uploads",
          ...everything,
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: 7 }],
        },
        {
          id: "expire-overwritten-results",
          ...everything,
          noncurrentVersionExpiration: [{ noncurrentDays: 30 }],
        },
        ...(expirationInDays === undefined
          ? []
          : [{ id: "expire-results", ...everything, expiration: [{ days: expirationInDays }] }]),
      ],
    });
  }
}

function tlsOnly(bucketArn: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "DenyWithoutTls",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucketArn, `${bucketArn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}
