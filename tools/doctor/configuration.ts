import { principalName } from "../../constructs/cluster/cluster-access.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { variablePrefix, variableSettings } from "../../stacks/configuration/variables.ts";
import { locksVariable } from "../../stacks/provider-locks.ts";
import { type Check, type Finding, ok, problem, warning } from "./report.ts";

/** The account of AWS's documentation, which environments.ts contains as a placeholder. */
export const documentationAccount = "111122223333";
/** Blocks that are reserved for documentation. @see https://www.rfc-editor.org/rfc/rfc5737 */
const documentationBlocks = ["192.0.2.", "198.51.100.", "203.0.113."];

/** Checks of an environment that need no request to AWS. */
export function configurationChecks(environment: ResolvedEnvironment, names: readonly string[]): Check[] {
  return [
    { name: "account", run: () => accountFinding(environment) },
    { name: "administrators", run: () => administratorsFinding(environment) },
    { name: "variables", run: () => variablesFinding(environment.name, names) },
    { name: "access to the API", run: () => publicAccessFinding(environment) },
  ];
}

function accountFinding({ name, accountId }: ResolvedEnvironment): Finding {
  if (accountId !== documentationAccount) return ok(accountId);
  return problem(
    `${accountId}, the account of AWS's documentation`,
    "your own",
    `export ${variablePrefix(name)}_ACCOUNT_ID="$(aws sts get-caller-identity --query Account --output text)"`,
  );
}

function administratorsFinding({ name, accountId, cluster }: ResolvedEnvironment): Finding {
  const foreign = cluster.administrators.filter((arn) => arn.split(":")[4] !== accountId);
  if (foreign.length === 0 && accountId !== documentationAccount) {
    return ok(cluster.administrators.map(principalName).join(", "));
  }
  const account = accountId === documentationAccount ? "<account>" : accountId;
  return problem(
    (foreign.length > 0 ? foreign : cluster.administrators).join(", "),
    "IAM roles or users of the account: only they can access the cluster, and the identity that creates it cannot",
    `export ${variablePrefix(name)}_ADMINISTRATORS=arn:aws:iam::${account}:role/<role>`,
  );
}

/** Nothing reads a misspelt variable, and no other program would report it. */
function variablesFinding(name: string, names: readonly string[]): Finding {
  const set = Object.keys(process.env).filter((variable) => variable.startsWith("PLATFORM_"));
  const ofEnvironments = names.flatMap((other) =>
    variableSettings.map((setting) => `${variablePrefix(other)}_${setting}`),
  );
  const read = [...ofEnvironments, locksVariable];
  const unread = set.filter((variable) => !read.includes(variable));
  if (unread.length > 0) {
    const found = `${unread.join(", ")}: nothing reads ${unread.length === 1 ? "it" : "them"}`;
    return warning(found, read.join(", "), "correct the name, or unset it");
  }
  const used = set.filter((variable) => variable.startsWith(`${variablePrefix(name)}_`));
  return ok(used.length === 0 ? "none set; environments.ts has all values" : used.join(", "));
}

function publicAccessFinding({ name, cluster }: ResolvedEnvironment): Finding {
  const cidrs = cluster.endpointPublicAccessCidrs;
  if (cidrs === undefined) return ok("from the VPC only; deploy addons and workload from there");
  const found = cidrs.join(", ");
  const isPlaceholder = cidrs.every((cidr) => documentationBlocks.some((block) => cidr.startsWith(block)));
  // The public address behind NAT cannot be found without calling an external service, so do not guess.
  if (!isPlaceholder) return ok(found);
  return problem(
    `${found}, addresses of documentation`,
    "your own address, or your office's or VPN's block",
    `export ${variablePrefix(name)}_PUBLIC_ACCESS_CIDRS="$(curl -s https://checkip.amazonaws.com)/32"`,
  );
}
