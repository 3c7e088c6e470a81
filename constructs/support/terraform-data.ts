import { type TerraformMetaArguments, TerraformResource } from "cdktf";
import type { Construct } from "constructs";

/** A record, its provisioners and its meta-arguments. */
export interface TerraformDataProps extends TerraformMetaArguments {
  /**
   * Values that Terraform keeps in the state.
   * @default - none
   */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Values whose change replaces the resource, and runs its provisioners.
   * @default - none
   */
  readonly triggersReplace?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * `terraform_data`, a resource that consists of a record and its provisioners. CDKTF's own `DataResource` starts Terraform to learn
 * its version whenever it is synthesized, and synthesis, prices and tests would all need Terraform.
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
