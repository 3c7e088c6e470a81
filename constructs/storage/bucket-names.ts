import { type Problem, show } from "../support/problems.ts";

/**
 * Beginnings and ends of names that S3 keeps for itself.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export const reservedBucketPrefixes: readonly string[] = ["xn--", "sthree-", "amzn-s3-demo-"];
const reservedSuffixes: readonly string[] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** Checks the name of a bucket. */
export function bucketNameProblems(bucket: string): Problem[] {
  const problem = (allowed: string, fix = 'use for example "my-terraform-state"'): Problem[] => [
    { path: [], allowed, got: show(bucket), fix },
  ];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    return problem("3 to 63 lower-case letters, digits, dots and hyphens");
  }
  if (/\.\.|\.-|-\./.test(bucket)) return problem("a name whose dots stand between letters or digits");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(bucket)) return problem("a name that does not look like an address");
  const reserved =
    reservedBucketPrefixes.find((prefix) => bucket.startsWith(prefix)) ??
    reservedSuffixes.find((suffix) => bucket.endsWith(suffix));
  return reserved === undefined ? [] : problem(`a name without ${reserved}, which S3 keeps for itself`);
}
