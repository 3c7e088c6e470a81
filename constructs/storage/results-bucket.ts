import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { Token } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { flag, number, type ShapeOf } from "../support/fields.ts";
import { type PolicyStatement, tlsOnly } from "../support/iam-policy.ts";
import { type Problem, show, throwIfAny } from "../support/problems.ts";

/** Defaults of the options of a results bucket. */
export const resultsBucketDefaults = { forceDestroy: false } as const satisfies Partial<ResultsBucketOptions>;

/** Options of the bucket for results. An environment sets them as `results`. */
export interface ResultsBucketOptions {
  /**
   * Whether a destroy also deletes all results. With `false`, a bucket that is not empty stops the destroy.
   * @default false
   */
  readonly forceDestroy?: boolean | undefined;
  /**
   * Days after which S3 deletes a result: a whole number from 1, for example 90.
   * @default - results are kept for ever
   */
  readonly expirationInDays?: number | undefined;
}

/** The largest number that S3 takes (`int32`). */
const mostDays = 2 ** 31 - 1;
const allowedExpiration = "a whole number of days from 1 to 2,147,483,647";

/** Schema of the {@link ResultsBucketOptions}. */
export const resultsBucketOptionsSchema = z.strictObject({
  forceDestroy: flag({ example: true, default: resultsBucketDefaults.forceDestroy }).optional(),
  expirationInDays: number({ allowed: allowedExpiration, example: 90 }).optional(),
} satisfies ShapeOf<ResultsBucketOptions>);

/** The bucket for results, with its name. */
export interface ResultsBucketProps extends ResultsBucketOptions {
  /** Prefix of the bucket's name, at most 37 characters. AWS appends a suffix that makes the name unique in the world. */
  readonly name: string;
  /**
   * Whether Terraform refuses to plan the deletion or the replacement of the bucket, even of an empty one.
   * @default false
   */
  readonly deletionProtection?: boolean | undefined;
}

/** Checks the options of a results bucket; `path` starts with the option. */
export function resultsBucketProblems({ expirationInDays: days }: ResultsBucketOptions): Problem[] {
  if (days === undefined || Token.isUnresolved(days)) return [];
  if (Number.isInteger(days) && days >= 1 && days <= mostDays) return [];
  const fix = `use ${days > mostDays ? "less" : "1 or more"}, or remove it to keep results for ever`;
  return [{ path: ["expirationInDays"], allowed: allowedExpiration, got: show(days), fix }];
}

/** The bucket to which workers write results: versioned, encrypted, reachable over TLS only, never public. */
export class ResultsBucket extends Construct {
  /** The underlying `aws_s3_bucket`, for settings without an option here. */
  readonly resource: S3Bucket;
  /** Name of the bucket, which AWS completes at the first deploy. */
  readonly bucketName: string;
  /** ARN of the bucket, for policies. */
  readonly bucketArn: string;

  /** @throws InvalidConfigurationError that names every problem that {@link resultsBucketProblems} finds. */
  constructor(scope: Construct, id: string, props: ResultsBucketProps) {
    super(scope, id);
    throwIfAny(`results bucket ${show(props.name)}`, resultsBucketProblems(props));
    const bucket = new S3Bucket(this, "bucket", {
      bucketPrefix: `${props.name}-`,
      forceDestroy: props.forceDestroy ?? resultsBucketDefaults.forceDestroy,
      ...(props.deletionProtection && { lifecycle: { preventDestroy: true } }),
    });
    this.resource = bucket;
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
      policy: tlsOnly("s3", [bucket.arn, `${bucket.arn}/*`]),
      // At the same time, S3 refuses one of them: "a conflicting conditional operation is currently in progress".
      dependsOn: [noPublicAccess],
    });
    this.lifecycle(bucket, props.expirationInDays);
  }

  /**
   * Permissions of a worker to write and reread results below one prefix. Workers may not delete, so that an interrupted worker
   * can lose nothing but its own time.
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
        // The condition is also evaluated for missing keys, so S3 answers NoSuchKey instead of AccessDenied (ceph#68577).
        conditions: { StringLike: { "s3:prefix": `${prefix}*` } },
      },
    ];
  }

  private lifecycle(bucket: S3Bucket, expirationInDays: number | undefined): void {
    const everything = { status: "Enabled", filter: [{ prefix: "" }] };
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket: bucket.id,
      rule: [
        // A lost machine leaves parts of unfinished uploads, which are invisible and cost as much as objects.
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
