import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { Environment } from "./environments.ts";

/** Everything in AWS that the other stacks stand on. It declares only its provider so far; network and cluster follow. */
export class PlatformStack extends TerraformStack {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    new AwsProvider(this, "aws", { region: environment.region });
  }
}
