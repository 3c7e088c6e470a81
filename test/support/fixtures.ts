import type { ICluster } from "../../constructs/cluster/cluster.ts";
import type { INetwork } from "../../constructs/network/network.ts";
import type { Problem } from "../../constructs/support/problems.ts";
import type { ImageEvaluations, ImageFile } from "../../constructs/workload/image-files.ts";
import { dev, prod } from "../../environments.ts";
import { loadEnvironments } from "../../stacks/configuration/loader.ts";
import { problemsIn } from "../../stacks/configuration/resolution.ts";
import { resolveEnvironment } from "../../stacks/configuration/resolve.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";

/** A cluster made elsewhere. */
export const testCluster: ICluster = {
  clusterName: "test-platform",
  region: "us-west-2",
  accountId: "111122223333",
  clusterEndpoint: "https://example.eks.amazonaws.com",
  certificateAuthorityData: "bW9jaw==",
  kubernetesVersion: "1.35",
  availabilityZones: ["us-west-2a", "us-west-2b"],
  dependables: [],
};

/** A network made elsewhere, with two zones. */
export const testNetwork: INetwork = {
  vpcId: "vpc-0123456789abcdef0",
  privateSubnetIds: { "us-west-2a": "subnet-0a", "us-west-2b": "subnet-0b" },
  dependables: [],
};

/** A VPC made elsewhere, with a private subnet in each zone of dev. */
export const existingVpc = {
  vpcId: "vpc-0123456789abcdef0",
  privateSubnetIds: {
    "us-west-2a": "subnet-0a1b2c3d",
    "us-west-2b": "subnet-1a1b2c3d",
    "us-west-2c": "subnet-2a1b2c3d",
  },
};

/** An environment as the stacks receive it. The environment variables of this process do not change it. */
export function resolved(environment: Environment): ResolvedEnvironment {
  const [resolution] = loadEnvironments([environment], {});
  if (resolution === undefined) throw new Error("one environment becomes one");
  return resolution;
}

/** All problems of an environment, with two evaluations in the image. @param files that commands may name. */
export function problemsOf(environment: unknown, files: Readonly<Record<string, ImageFile>> = {}): readonly Problem[] {
  return problemsIn(resolveEnvironment(environment, evaluationsOf(["collatz", "prime"], files)));
}

/** The evaluations of an image, with files that commands may name. */
export function evaluationsOf(
  names: readonly string[],
  files: Readonly<Record<string, ImageFile>> = {},
  absent: Readonly<Record<string, string>> = {},
): ImageEvaluations {
  return { names, files: new Map(Object.entries(files)), absent: new Map(Object.entries(absent)) };
}

/** The dev environment, with changes. */
export function devWith(changes: Partial<Record<keyof Environment, unknown>>): Environment {
  return { ...dev, ...changes } as Environment;
}

const { deletionProtection: _, ...prodCluster } = prod.cluster;
/** The prod environment without deletion protection: all of it that AWS provider 5.100.0, the lowest supported, knows. */
export const prodForLowestProvider: Environment = { ...prod, cluster: prodCluster };
