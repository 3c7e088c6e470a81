import { bucketNameProblems } from "../../constructs/storage/bucket-names.ts";
import { regionProblems } from "../../constructs/support/aws-regions.ts";
import { partitionOf } from "../../constructs/support/iam-policy.ts";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import { at, checked, type Resolution, resolved } from "./resolution.ts";
import type { Environment } from "./schema.ts";

export function resolveState({ s3State, region }: Environment): Resolution<Environment["s3State"]> {
  if (s3State === undefined) return resolved(undefined);
  const problems = [
    ...within(["bucket"], bucketNameProblems(s3State.bucket)),
    ...within(["region"], stateRegionProblems(s3State.region, region)),
  ];
  return at(["s3State"], checked(s3State, problems));
}

function stateRegionProblems(region: string, ofEnvironment: string): Problem[] {
  const problems = regionProblems(region);
  // The same credentials reach both, and those of one partition are unknown in the other.
  if (problems.length > 0 || regionProblems(ofEnvironment).length > 0) return problems;
  if (partitionOf(region) === partitionOf(ofEnvironment)) return [];
  const allowed = `a region of the partition ${partitionOf(ofEnvironment)}, as the environment's`;
  return [{ path: [], allowed, got: show(region), fix: `use for example "${ofEnvironment}"` }];
}
