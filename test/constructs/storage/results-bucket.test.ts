import { TerraformOutput } from "cdktf";
import { ResultsBucket, type ResultsBucketProps } from "../../../constructs/storage/results-bucket.ts";
import { synthesize } from "../../support/synthesized.ts";

function results(props: Partial<ResultsBucketProps> = {}) {
  const made = synthesize((stack) => {
    const bucket = new ResultsBucket(stack, "results", { name: "test-results", ...props });
    new TerraformOutput(stack, "statements", { value: bucket.writeStatements("runs/") });
  });
  const bucket = `\${${made.address("aws_s3_bucket")}`;
  return { made, arn: `${bucket}.arn}`, id: `${bucket}.id}`, statements: made.json.output?.statements?.value };
}

describe("the results bucket", () => {
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

  test("deletes results after the days that were asked for", () => {
    expect(results({ expirationInDays: 365 }).made.one("aws_s3_bucket_lifecycle_configuration").rule).toEqual([
      ...cleanUp,
      { id: "expire-results", ...everything, expiration: [{ days: 365 }] },
    ]);
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
