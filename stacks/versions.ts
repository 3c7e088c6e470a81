/** The first Terraform that locks state with a file in S3. */
export const lowestTerraform = "1.10.0";
/** The first AWS provider with everything that the platform stack uses. The bindings are generated from 6.25. */
export const lowestAwsProvider = "5.100.0";
/** The first AWS provider with `deletion_protection` on a cluster (terraform-provider-aws#43779). */
export const lowestAwsProviderWithDeletionProtection = "6.9.0";
