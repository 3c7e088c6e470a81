import { Token } from "cdktf";
import { allowedBlockProblems, type Opened } from "../network/allowed-blocks.ts";
import { partitionOf } from "../support/iam-policy.ts";
import { dnsSubdomainProblems } from "../support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../support/problems.ts";
import { defaultIngressScheme, type IngressOptions, type OidcOptions } from "./ingress-options.ts";

/** The place of an entry from outside. */
export interface IngressPlace {
  readonly region: string;
  /** The twelve digits of the AWS account. */
  readonly accountId: string;
}

/**
 * Rules of a security group by default, of which each block takes two: HTTPS, and HTTP that is redirected.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
 */
const rulesOfGroup = 60;

/**
 * Everything that is wrong with an entry from outside; each `path` starts with the option.
 *
 * @param place the account and the region. Without a place, the certificate's are not compared with it.
 */
export function ingressProblems(options: IngressOptions, place?: IngressPlace | undefined): Problem[] {
  const { host, certificateArn, oidc, allowedCidrs, scheme = defaultIngressScheme } = options;
  const opened: Opened = {
    name: "the services",
    most: rulesOfGroup / 2,
    limitOf: "a security group with two rules for each",
    ifEmpty: "nobody could reach the load balancer, so add your office's or VPN's block, or leave out ingress",
    otherwise: "leave out ingress",
    isPublic: scheme === "internet-facing",
  };
  return [
    ...within(["host"], hostProblems(host)),
    ...within(["certificateArn"], certificateProblems(certificateArn, place)),
    ...within(["oidc"], oidcProblems(oidc)),
    ...within(["allowedCidrs"], allowedBlockProblems(allowedCidrs, opened)),
  ];
}

/** The longest condition on a host that a listener takes. */
const longestHost = 128;

function hostProblems(host: string): Problem[] {
  const label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
  const isName = new RegExp(`^(${label}\\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`).test(host);
  if (Token.isUnresolved(host) || (isName && host.length <= longestHost)) return [];
  const allowed = `the name of a host below a domain, in lower case, at most ${longestHost} characters`;
  const own = host
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, "")
    .replace(/[/:].*$/, "");
  const example = own !== host && hostProblems(own).length === 0 ? own : "sweeps.example.com";
  return [{ path: [], allowed, got: show(host), fix: `use for example ${show(example)}` }];
}

const certificate = /^arn:(aws[a-z-]*):acm:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):certificate\/[0-9A-Za-z-]+$/;

function certificateProblems(arn: string, place: IngressPlace | undefined): Problem[] {
  if (Token.isUnresolved(arn)) return [];
  const problem = (allowed: string, fix: string): Problem[] => [{ path: [], allowed, got: show(arn), fix }];
  const match = certificate.exec(arn);
  if (match === null) {
    const allowed = "the ARN of a certificate of ACM (arn:aws:acm:<region>:<account>:certificate/<id>)";
    return problem(allowed, "copy it from aws acm list-certificates");
  }
  if (place === undefined) return [];
  const { region, accountId } = place;
  const [, partition, itsRegion, itsAccount] = match;
  if (partition !== partitionOf(region) || itsRegion !== region) {
    const fix = `a load balancer takes certificates of its own region only, so request one there: aws acm request-certificate --region ${region}`;
    return problem(`the ARN of a certificate in ${region}`, fix);
  }
  if (itsAccount === accountId) return [];
  const fix = `a load balancer takes certificates of its own account only, so request one there, or correct accountId`;
  return problem(`the ARN of a certificate of the account ${accountId}`, fix);
}

const addresses = ["issuer", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint"] as const;

function oidcProblems(oidc: OidcOptions): Problem[] {
  const problems = addresses.flatMap((name) => within([name], addressProblems(oidc[name])));
  if (!Token.isUnresolved(oidc.clientId) && !/^[\x21-\x7e]{1,255}$/.test(oidc.clientId)) {
    const allowed = "1 to 255 characters without spaces";
    const fix = "copy the id of the client from your identity provider";
    problems.push({ path: ["clientId"], allowed, got: show(oidc.clientId), fix });
  }
  if (!Token.isUnresolved(oidc.secretName)) {
    problems.push(...within(["secretName"], dnsSubdomainProblems(oidc.secretName)));
  }
  return problems;
}

/** The load balancer refuses addresses without TLS, and those with a query would lose it. */
function addressProblems(address: string): Problem[] {
  if (Token.isUnresolved(address)) return [];
  const allowed = "an https address with a host, without a query";
  const fix = "copy it from the document /.well-known/openid-configuration of your identity provider";
  if (!URL.canParse(address) || !address.startsWith("https://"))
    return [{ path: [], allowed, got: show(address), fix }];
  const { host, username, search, hash } = new URL(address);
  return host.includes(".") && `${username}${search}${hash}` === ""
    ? []
    : [{ path: [], allowed, got: show(address), fix }];
}
