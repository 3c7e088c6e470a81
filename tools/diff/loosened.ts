import { isBlock, newlyAdmitted } from "./admitted-addresses.ts";
import { newTraffic } from "./admitted-traffic.ts";
import type { Severity } from "./consequences.ts";
import { expiration, shorter } from "./earlier-deletion.ts";
import { imagesExpire } from "./image-expiry.ts";
import { newlyAllowed } from "./network-acl.ts";
import { exact, fromTo, isEmpty } from "./pair-in-words.ts";
import { type Pair, pairsOf } from "./pairs.ts";
import { type Attributes, attributesOf, type Change } from "./plan.ts";
import { podRights } from "./pods.ts";
import { emptiedBlock, encryptionKey, lessStrict, switched } from "./protections.ts";
import { isWithin } from "./values.ts";
import { clusterRole, morePrincipals, policyDocument } from "./wider-permissions.ts";

/** A change that opens access, removes a protection, deletes data earlier, or costs money all the time. */
export interface Loosened {
  readonly severity: Severity;
  /** For example `PERMITS MORE`. */
  readonly happens: string;
  readonly because: string;
  readonly effect: string;
  /** The attribute. */
  readonly path: string;
}

type Rule = (pair: Pair, type: string) => Omit<Loosened, "path"> | undefined;

/** What further machines of a group cost in a month, in words; undefined if nobody knows. */
export type MonthlyPrice = (group: Attributes, machines: number) => string | undefined;

/** Every loosening of a change, whatever the type of the resource. An attribute that nobody can decide counts as loosened. */
export function loosened(type: string, change: Change, monthly: MonthlyPrice = () => undefined): Loosened[] {
  const found: Loosened[] = [];
  const traffic = trafficInWords(type, change);
  if (traffic !== undefined) {
    found.push({
      path: "",
      severity: "loud",
      happens: "ADMITS MORE",
      because: traffic === "" ? "its rules change, and are sensitive" : `it newly admits ${traffic}`,
      effect: "traffic passes that was refused before",
    });
  }
  const more = (pair: Pair) => moreMachines(pair, attributesOf(change.after), monthly);
  for (const pair of pairsOf(change)) {
    // The outer attribute has said it already.
    if (found.some(({ path }) => path !== "" && path !== pair.path && isWithin(pair.path, path))) continue;
    for (const rule of [...rules, more]) {
      const result = rule(pair, type);
      if (result === undefined) continue;
      // No rule prints a value of which a part is sensitive.
      const because = pair.isSensitive ? `${pair.path} changes, and is sensitive` : result.because;
      found.push({ path: pair.path, ...result, because });
      break;
    }
  }
  return type === "kubernetes_manifest" ? withoutCopies(found) : found;
}

/** The traffic that passes after a change and not before: undefined if there is none, empty if it is sensitive. */
export function trafficInWords(type: string, change: Change): string | undefined {
  const traffic = newTraffic(type, change) ?? newlyAllowed(type, change) ?? [];
  if (traffic.length === 0) return undefined;
  if (exact([change.before_sensitive, change.after_sensitive]).includes("true")) return "";
  return `${traffic.slice(0, 5).join("; ")}${traffic.length > 5 ? ` and ${traffic.length - 5} more` : ""}`;
}

/** The provider writes each value of a `manifest` into `object`, too, which shows besides what somebody changed in the cluster. */
function withoutCopies(found: readonly Loosened[]): Loosened[] {
  const said = new Set(found.map(({ path }) => path));
  return found.filter(({ path }) => !(path.startsWith("object.") && said.has(path.replace("object.", "manifest."))));
}

/** Addresses that are no admission. */
const ownAddresses =
  /^aws_(vpc|vpc_endpoint|subnet|route|route_table|default_route_table|default_subnet|default_vpc|.*_cidr_block_association)$/;

const rules: readonly Rule[] = [
  switched,
  lessStrict,
  podRights,
  encryptionKey,
  emptiedBlock,
  policyDocument,
  publicAddresses,
  addresses,
  clusterRole,
  morePrincipals,
  shorter,
  expiration,
  imagesExpire,
  undecided,
];

/** No list means everybody, in EKS and in a Kubernetes Service. */
function publicAddresses(pair: Pair) {
  if (!/^(public_access_cidrs|load_balancer_source_ranges)$/.test(pair.key)) return undefined;
  const blocks = (value: unknown) => (isEmpty(value) ? ["0.0.0.0/0", "::/0"] : [value].flat().map(String));
  const added = pair.isUnknown ? [] : newlyAdmitted(blocks(pair.before), blocks(pair.after));
  if (added.length === 0 && !pair.isUnknown) return undefined;
  return admission(pair, added);
}

function addresses(pair: Pair, type: string) {
  if (ownAddresses.test(type) || /^service_ipv[46]_cidr$/.test(pair.key)) return undefined;
  // These are compared with their ports.
  if (/security_group|network_acl/.test(type)) return undefined;
  const isNamed = /cidr|source_ranges|(^|_)ip_(ranges|allow_list)|allowed_ips$/.test(pair.key);
  const listed = (value: unknown) =>
    [value ?? []].flat().flatMap((one) => (typeof one === "string" ? one.split(",").map((part) => part.trim()) : []));
  const [before, after] = [listed(pair.before), listed(pair.after)];
  const looksSo = after.length > 0 && after.every((text) => text.includes("/") && isBlock(text));
  if (!isNamed && !looksSo) return undefined;
  if (pair.isUnknown) return admission(pair, []);
  // Fewer exceptions admit more.
  const added = pair.key === "except" ? newlyAdmitted(after, before) : newlyAdmitted(before, after);
  // A single block that goes, such as the `cidr` of an entry, leaves the others.
  const isEmptied = before.length > 0 && after.length === 0 && pair.key !== "except" && pair.key.endsWith("s");
  return added.length === 0 && !isEmptied ? undefined : admission(pair, added);
}

function admission(pair: Pair, added: readonly string[]) {
  const shown = `${added.slice(0, 5).join(", ")}${added.length > 5 ? ` and ${added.length - 5} more` : ""}`;
  const because =
    added.length > 0 ? `${pair.path} newly admits ${shown}` : `${fromTo(pair)}; an empty list may admit everybody`;
  const everybody = added.some((block) => /\/0$/.test(block));
  const effect = everybody
    ? "everybody on the internet is admitted"
    : "addresses are admitted that were refused before";
  return {
    severity: "loud" as const,
    happens: "ADMITS MORE",
    because: pair.isUnknown ? fromTo(pair) : because,
    effect,
  };
}

/** Machines that run all the time, whether there is work or not. */
function moreMachines(pair: Pair, after: Attributes, monthly: MonthlyPrice) {
  if (!/^min_(size|capacity|replicas|nodes)$/.test(pair.key)) return undefined;
  const added = Number(pair.after ?? 0) - Number(pair.before ?? 0);
  if (!pair.isUnknown && !(added > 0)) return undefined;
  const price = pair.isUnknown ? undefined : monthly(after, added);
  const count = pair.isUnknown ? "more run" : `${added} more ${added === 1 ? "runs" : "run"}`;
  const effect = `${count} all the time, with or without work: ${price ?? "its price is not known here, see npm run cost"}`;
  return { severity: "notice" as const, happens: "COSTS MORE", because: fromTo(pair), effect };
}

/** What admits traffic in a way that is not computed here. */
function undecided(pair: Pair, type: string) {
  if (!/^kubernetes_network_policy/.test(type) || pair.path !== "spec") return undefined;
  return {
    severity: "notice" as const,
    happens: "may ADMIT MORE",
    because: `${pair.path} changes`,
    effect: "traffic may pass that was refused before: compare its rules in the plan",
  };
}
