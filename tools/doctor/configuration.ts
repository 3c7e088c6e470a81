import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import type { ClusterOptions } from "../../constructs/cluster/cluster.ts";
import { principalName } from "../../constructs/cluster/cluster-access.ts";
import { variablePrefix } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { type Check, type Finding, notChecked, ok, problem, warning } from "./check.ts";

/** The account of AWS's documentation, which environments.ts is delivered with. */
export const documentationAccount = "111122223333";
const settings = ["ACCOUNT_ID", "ADMINISTRATORS", "PUBLIC_ACCESS_CIDRS"];

/** What can be said of an environment without asking AWS. */
export function configurationChecks(environment: ResolvedEnvironment, known: readonly string[]): Check[] {
  return [
    { name: "configuration", run: () => ok("valid") },
    { name: "account", run: () => account(environment) },
    { name: "administrators", run: () => administrators(environment) },
    { name: "variables", run: () => variables(environment.name, known, process.env) },
    { name: "access to the API", run: () => publicAccess(environment, publicAddresses()) },
  ];
}

function account({ name, accountId }: ResolvedEnvironment): Finding {
  if (accountId !== documentationAccount) return ok(accountId);
  return problem(
    `${accountId}, the account of AWS's documentation`,
    "your own",
    `export ${variablePrefix(name)}_ACCOUNT_ID="$(aws sts get-caller-identity --query Account --output text)"`,
  );
}

function administrators({ name, accountId, cluster }: ResolvedEnvironment): Finding {
  const foreign = cluster.administrators.filter((arn) => arn.split(":")[4] !== accountId);
  const found = cluster.administrators.map(principalName).join(", ");
  if (foreign.length === 0 && accountId !== documentationAccount) return ok(found);
  const example = `arn:aws:iam::${accountId === documentationAccount ? "<account>" : accountId}:role/<role>`;
  return problem(
    foreign.length > 0 ? foreign.join(", ") : cluster.administrators.join(", "),
    "IAM roles or users of the account: nobody else gets into the cluster, whoever made it included",
    `export ${variablePrefix(name)}_ADMINISTRATORS=${example}`,
  );
}

/** A misspelt variable is one that is not read, and no other program would say so. */
export function variables(name: string, known: readonly string[], env: NodeJS.ProcessEnv): Finding {
  const set = Object.keys(env).filter((variable) => variable.startsWith("PLATFORM_"));
  const read = known.flatMap((other) => settings.map((setting) => `${variablePrefix(other)}_${setting}`));
  const unread = set.filter((variable) => !read.includes(variable));
  const own = settings.map((setting) => `${variablePrefix(name)}_${setting}`);
  if (unread.length > 0) {
    return warning(
      `${unread.join(", ")}: nothing reads ${unread.length === 1 ? "it" : "them"}`,
      read.join(", "),
      "correct the name, or unset it",
    );
  }
  const used = own.filter((variable) => set.includes(variable));
  return ok(used.length === 0 ? `none set; all values are those of environments.ts` : used.join(", "));
}

/** Blocks that documentation uses and nobody has. @see https://www.rfc-editor.org/rfc/rfc5737 */
const documentationBlocks = ["192.0.2.", "198.51.100.", "203.0.113."];

/** @param addresses public addresses of this machine's own interfaces; behind a router it has none. */
export function publicAccess(
  { name, cluster }: { readonly name: string; readonly cluster: Pick<ClusterOptions, "endpointPublicAccessCidrs"> },
  addresses: readonly string[],
): Finding {
  const cidrs = cluster.endpointPublicAccessCidrs;
  if (cidrs === undefined) return ok("from the VPC only; addons and workload must be deployed from there");
  const found = cidrs.join(", ");
  const needed = "your own address, or your office's or VPN's block";
  const ask = "curl -s https://checkip.amazonaws.com";
  const fix = `export ${variablePrefix(name)}_PUBLIC_ACCESS_CIDRS="$(${ask})/32"`;
  if (cidrs.every((cidr) => documentationBlocks.some((block) => cidr.startsWith(block)))) {
    return problem(`${found}, addresses of documentation`, needed, fix);
  }
  const [address] = addresses;
  // Only somebody outside can say behind which address a router hides this machine, and nobody is asked.
  if (address === undefined) return notChecked(`whether ${found} holds this machine's public address: ${ask}`);
  const allowed = new BlockList();
  for (const cidr of cidrs) allowed.addSubnet(cidr.replace(/\/.*/, ""), Number(cidr.replace(/.*\//, "")));
  if (addresses.some((one) => allowed.check(one))) return ok(found);
  return warning(`${found}, and this machine is ${address}`, needed, fix);
}

function publicAddresses(): string[] {
  const reserved = new BlockList();
  const blocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"];
  for (const block of [...blocks, "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "192.0.2.0/24"]) {
    const [address = "", bits] = block.split("/");
    reserved.addSubnet(address, Number(bits));
  }
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.map(({ address }) => address).filter((address) => isIPv4(address) && !reserved.check(address));
}

/** Checks of an environment that cannot be read: what is wrong with it, and nothing else. */
export function invalidConfiguration(message: string): Check {
  const needed = "an environment that can be synthesized";
  return { name: "configuration", run: () => problem(message, needed, "correct environments.ts") };
}
