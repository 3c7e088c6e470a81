import { closest } from "fastest-levenshtein";
import { type Problem, show } from "./problems.ts";

/**
 * The regions of the partitions `aws` and `aws-us-gov` with EKS, as botocore 1.43.11 lists its endpoints (November 2026). Those of
 * China, of the European Sovereign Cloud and of the isolated partitions have other ARNs and domains, which nothing here writes.
 *
 * AWS publishes the present list: `aws ssm get-parameters-by-path --path /aws/service/global-infrastructure/services/eks/regions
 * --query 'Parameters[].Value' --output text`. A new region is one more line here.
 */
export const eksRegions: readonly string[] = [
  "af-south-1",
  "ca-central-1",
  "ca-west-1",
  "il-central-1",
  "me-central-1",
  "me-south-1",
  "mx-central-1",
  "sa-east-1",
  "ap-east-1",
  "ap-east-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-south-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-6",
  "ap-southeast-7",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-south-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "us-gov-east-1",
  "us-gov-west-1",
];

/**
 * Last letters of the names of a region's zones, where they are not a, b and c. Each account has its own names for the zones of the
 * older regions, and often not all of them: this is what any account can have.
 * `aws ec2 describe-availability-zones --region us-west-2 --all-availability-zones` lists those of an account.
 */
const zoneLetters: Readonly<Record<string, string>> = {
  "ap-northeast-1": "abcd",
  "ap-northeast-2": "abcd",
  "ca-central-1": "abcd",
  "us-east-1": "abcdef",
  "us-west-2": "abcd",
};

const file = "constructs/support/aws-regions.ts";

/** Checks the name of a region that gets a cluster. */
export function regionProblems(region: string): Problem[] {
  if (eksRegions.includes(region)) return [];
  const problem = (allowed: string, fix: string): Problem[] => [{ path: [], allowed, got: show(region), fix }];
  const allowed = "a region of AWS or AWS GovCloud";
  const example = /^[a-z]{2}(-[a-z]+)+-\d$/.test(region) ? closest(region, [...eksRegions]) : "us-west-2";
  if (/^(cn|eusc|us-iso|eu-iso)/.test(region)) {
    return problem(
      allowed,
      `its partition has other ARNs and domains than the stacks write, so use for example "${example}"`,
    );
  }
  if (/^[a-z]{2}(-gov)?-[a-z]+-\d$/.test(region)) {
    return problem(`${allowed} with EKS`, `use for example "${example}", or add a new region to ${file}`);
  }
  return problem(allowed, `use for example "${example}"`);
}

/** Checks the name of a zone for nodes, in a region that has no problem of its own. */
export function zoneProblems(zone: string, region: string): Problem[] {
  const letters = zoneLetters[region] ?? "abc";
  const letter = zone.slice(region.length);
  if (zone.startsWith(region) && letter.length === 1 && letters.includes(letter)) return [];
  const problem = (fix: string): Problem[] => [{ path: [], allowed: `a zone of ${region}`, got: show(zone), fix }];
  const example = `use for example "${region}a"`;
  if (/^[a-z]{3,4}\d-(az\d|[a-z0-9-]+-az\d)$/.test(zone)) {
    return problem(`this is the id of a zone, and subnets are made by its name in your account, so ${example}`);
  }
  if (zone.startsWith(`${region}-`)) {
    return problem(`EKS has no control plane in a local zone or a Wavelength zone, so ${example}`);
  }
  if (zone.startsWith(region) && /^[a-z]$/.test(letter)) {
    return problem(`${example}, or add a letter that aws ec2 describe-availability-zones lists to ${file}`);
  }
  return problem(example);
}
