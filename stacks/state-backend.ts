import { LocalBackend, S3Backend, type TerraformStack } from "cdktf";
import type { Environment } from "./configuration/schema.ts";

/**
 * Where Terraform remembers what it made: the environment's S3 bucket, or a file beside cdktf.json. Always set, because
 * cdktf's own default writes the path of this machine into what it synthesizes.
 */
export function configureState(stack: TerraformStack, environment: Environment): void {
  const { s3State } = environment;
  if (s3State === undefined) {
    // Terraform runs in cdktf.out/stacks/<stack>; three steps up, the file survives the deletion of cdktf.out.
    new LocalBackend(stack, { path: `../../../terraform.${stack.node.id}.tfstate` });
    return;
  }
  const backend = new S3Backend(stack, {
    bucket: s3State.bucket,
    region: s3State.region,
    key: `${environment.name}/${stack.node.id}.tfstate`,
    encrypt: true,
  });
  // A lock file beside the state needs no DynamoDB table; cdktf 0.21 does not know the attribute yet, Terraform 1.10 does.
  backend.addOverride("use_lockfile", true);
}
