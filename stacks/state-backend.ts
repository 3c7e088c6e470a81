import { LocalBackend, S3Backend, type TerraformStack } from "cdktf";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";

/**
 * Keeps a stack's Terraform state in the environment's S3 bucket, or in a file beside cdktf.json. The backend is always explicit,
 * because cdktf's own default writes the path of this machine into the synthesized JSON.
 */
export function configureState(stack: TerraformStack, environment: ResolvedEnvironment): void {
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
  // A lock file beside the state needs no DynamoDB table. Terraform 1.10 knows the attribute, cdktf 0.21 does not yet.
  backend.addOverride("use_lockfile", true);
}
