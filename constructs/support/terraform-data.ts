import { type TerraformMetaArguments, TerraformResource } from "cdktf";
import type { Construct } from "constructs";

export interface TerraformDataProps extends TerraformMetaArguments {
  /** Kept in the state. */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  /** Another value makes another resource, and runs its provisioners. */
  readonly triggersReplace?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * `terraform_data`, a resource that is only a record and its provisioners. CDKTF's own `DataResource` starts Terraform to learn
 * its version whenever it is synthesized, and nothing could be synthesized, priced or tested where there is none.
 * @see https://developer.hashicorp.com/terraform/language/resources/terraform-data
 */
export class TerraformData extends TerraformResource {
  private readonly attributes: Readonly<Record<string, unknown>>;

  constructor(scope: Construct, id: string, { input, triggersReplace, ...metaArguments }: TerraformDataProps) {
    super(scope, id, { ...metaArguments, terraformResourceType: "terraform_data" });
    this.attributes = { input, triggers_replace: triggersReplace };
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return this.attributes;
  }
}
