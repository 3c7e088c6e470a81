import { TerraformOutput } from "cdktf";
import { ResultsBucket, type ResultsBucketProps } from "../../../constructs/storage/results-bucket.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

function results(props: Partial<ResultsBucketProps> = {}) {
  const made = synthesize((stack) => {
    const bucket = new ResultsBucket(stack, "results", { name: "test-results", ...props });
    new TerraformOutput(stack, "statements", { value: bucket.writeStatements("runs/") });
  });
  const bucket = `\${${made.address("aws_s3_bucket")}`;
  return { made, arn: `${bucket}.arn}`, id: `${bucket}.id}`, statements: made.json.output?.statements?.value };
}

describe("the results bucket", () => {
  test("keeps every version, encrypted, and by default survives a destroy", () => {
    const { made } = results();
    expect(made.one("aws_s3_bucket")).toMatchObject({ bucket_prefix: "test-results-", force_destroy: false });
    expect(results({ forceDestroy: true }).made.one("aws_s3_bucket").force_destroy).toBe(true);
    expect(made.one("aws_s3_bucket_versioning").versioning_configuration).toEqual({ status: "Enabled" });
    expect(made.one("aws_s3_bucket_server_side_encryption_configuration").rule).toMatchObject([
      { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
    ]);
  });

  test("is never public", () => {
    const { made } = results();
    expect(made.one("aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(made.one("aws_s3_bucket_ownership_controls").rule).toEqual({ object_ownership: "BucketOwnerEnforced" });
  });

  test("refuses every request without TLS, for the bucket and for its objects", () => {
    const { made, arn, id } = results();
    const { bucket, policy } = made.one("aws_s3_bucket_policy");
    expect(bucket).toBe(id);
    expect(JSON.parse(policy)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "DenyWithoutTls",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
  });

  test("gets its policy after the block of public access, which S3 would refuse at the same time", () => {
    const { made } = results();
    expect(made.one("aws_s3_bucket_policy").depends_on).toEqual([made.address("aws_s3_bucket_public_access_block")]);
  });

  test.each([
    [undefined, undefined],
    [false, undefined],
    [true, { prevent_destroy: true }],
  ])("with deletion protection %s has the lifecycle %j in Terraform", (deletionProtection, lifecycle) => {
    expect(results({ deletionProtection }).made.one("aws_s3_bucket").lifecycle).toEqual(lifecycle);
  });

  test("belongs to its owner alone, in every one of its settings", () => {
    const { made, id } = results();
    const settings = made.addresses.filter((address) => /^aws_s3_bucket_/.test(address));
    expect(settings).toHaveLength(6);
    for (const address of settings) expect(made.resources.get(address)?.bucket).toBe(id);
  });

  const everything = { status: "Enabled", filter: [{ prefix: "" }] };
  const cleanUp = [
    {
      id: "abort-incomplete-uploads",
      ...everything,
      abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
    },
    {
      id: "expire-overwritten-results",
      ...everything,
      noncurrent_version_expiration: [{ noncurrent_days: 30 }],
    },
  ];

  test("deletes the parts of unfinished uploads after a week and overwritten results after 30 days, everywhere", () => {
    expect(results().made.one("aws_s3_bucket_lifecycle_configuration").rule).toEqual(cleanUp);
  });

  test.each([1, 365])("deletes results after %i days where that is asked for", (expirationInDays) => {
    expect(results({ expirationInDays }).made.one("aws_s3_bucket_lifecycle_configuration").rule).toEqual([
      ...cleanUp,
      { id: "expire-results", ...everything, expiration: [{ days: expirationInDays }] },
    ]);
  });

  test.each([[0], [1.5]])("refuses to drop results after %d days", (expirationInDays) => {
    expect(messageOf(() => results({ expirationInDays }))).toBe(
      `results bucket "test-results" has 1 problem:\n  - expirationInDays must be a whole number of days from 1 to 2,147,483,647, got ${expirationInDays}: use 1 or more, or remove it to keep results for ever`,
    );
  });

  test("lets a worker read, write and list below one prefix, and nothing else", () => {
    const { arn, statements } = results();
    expect(statements).toEqual([
      {
        sid: "WriteResults",
        effect: "Allow",
        actions: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        resources: [`${arn}/runs/*`],
      },
      {
        sid: "ListResults",
        effect: "Allow",
        actions: ["s3:ListBucket"],
        resources: [arn],
        conditions: { StringLike: { "s3:prefix": "runs/*" } },
      },
    ]);
  });
});
