import type { IngressOptions } from "../../../constructs/services/ingress-options.ts";
import { ingressProblems } from "../../../constructs/services/ingress-problems.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { ingress } from "../../support/ingress.ts";

const place = { region: "us-west-2", accountId: "111122223333" };
const sentences = (changes: Partial<IngressOptions>) =>
  ingressProblems({ ...ingress, ...changes }, place).map(describeProblem);
const oidc = (changes: Partial<IngressOptions["oidc"]>) => sentences({ oidc: { ...ingress.oidc, ...changes } });
const copy = "copy it from the document /.well-known/openid-configuration of your identity provider";

describe("an entry from outside", () => {
  test.each<[string, Partial<IngressOptions>]>([
    ["with public addresses", {}],
    ["inside the VPC, from private blocks", { scheme: "internal", allowedCidrs: ["10.0.0.0/8"] }],
    [
      "inside the VPC, from all private blocks that an office has",
      { scheme: "internal", allowedCidrs: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] },
    ],
    ["under a long name", { host: `${"a".repeat(63)}.${"b".repeat(52)}.example.com` }],
    ["under an international name", { host: "xn--mnchen-3ya.example.com" }],
    ["with an issuer that has a path", { oidc: { ...ingress.oidc, issuer: "https://login.example.com/tenant/v2.0" } }],
  ])("may be %s", (_, changes) => {
    expect(sentences(changes)).toEqual([]);
  });

  test.each([
    ["Sweeps.example.com", "sweeps.example.com"],
    ["https://sweeps.example.org/page", "sweeps.example.org"],
    ["sweeps.example.org:443", "sweeps.example.org"],
    ["*.example.com", "sweeps.example.com"],
    ["sweeps", "sweeps.example.com"],
    ["203.0.113.7", "sweeps.example.com"],
    ["-a.example.com", "sweeps.example.com"],
    ["a..example.com", "sweeps.example.com"],
    [`${"a".repeat(64)}.example.com`, "sweeps.example.com"],
    [`${"a".repeat(60)}.${"a".repeat(60)}.example.com`, "sweeps.example.com"],
    ["", "sweeps.example.com"],
  ])("may not have the host %s", (host, example) => {
    expect(sentences({ host })).toEqual([
      `host must be the name of a host below a domain, in lower case, at most 128 characters, got "${host}": use for example "${example}"`,
    ]);
  });

  test.each([
    "",
    "arn:aws:iam::111122223333:server-certificate/sweeps",
    "arn:aws:acm:us-west-2:111122223333:certificate/",
    "arn:aws:acm:us-west-2:1111:certificate/1",
    "arn:aws:acm:us-west-2:111122223333:certificate/1 ",
  ])("may not have the certificate %p", (certificateArn) => {
    expect(sentences({ certificateArn })).toEqual([
      `certificateArn must be the ARN of a certificate of ACM (arn:aws:acm:<region>:<account>:certificate/<id>), got "${certificateArn}": copy it from aws acm list-certificates`,
    ]);
  });

  test.each([
    "arn:aws:acm:us-east-1:111122223333:certificate/1",
    "arn:aws-us-gov:acm:us-west-2:111122223333:certificate/1",
  ])("may not have the certificate %s of another region", (certificateArn) => {
    expect(sentences({ certificateArn })).toEqual([
      `certificateArn must be the ARN of a certificate in us-west-2, got "${certificateArn}": a load balancer takes certificates of its own region only, so request one there: aws acm request-certificate --region us-west-2`,
    ]);
  });

  test("may not have a certificate of another account", () => {
    const certificateArn = "arn:aws:acm:us-west-2:999999999999:certificate/1";
    expect(sentences({ certificateArn })).toEqual([
      `certificateArn must be the ARN of a certificate of the account 111122223333, got "${certificateArn}": a load balancer takes certificates of its own account only, so request one there, or correct accountId`,
    ]);
    expect(ingressProblems({ ...ingress, certificateArn })).toEqual([]);
  });

  test.each([
    ["issuer", "http://login.example.com"],
    ["authorizationEndpoint", "login.example.com/authorize"],
    ["tokenEndpoint", "https://"],
    ["tokenEndpoint", "https://login/token"],
    ["tokenEndpoint", "https://login.example.com/token?a=1"],
    ["userInfoEndpoint", "https://login.example.com/#a"],
    ["userInfoEndpoint", "https://me@login.example.com/"],
    ["userInfoEndpoint", "HTTPS://login.example.com/"],
  ] as const)("may not have the %s %s", (name, address) => {
    expect(oidc({ [name]: address })).toEqual([
      `oidc.${name} must be an https address with a host, without a query, got "${address}": ${copy}`,
    ]);
  });

  test("may not have a client without an id, nor a Secret that Kubernetes could not have", () => {
    expect(oidc({ clientId: "", secretName: "OIDC" })).toEqual([
      'oidc.clientId must be 1 to 255 characters without spaces, got "": copy the id of the client from your identity provider',
      'oidc.secretName must be lower-case letters, digits, hyphens and dots between them, at most 253 characters, got "OIDC": use for example "oidc"',
    ]);
  });

  test.each<[string, Partial<IngressOptions>, string]>([
    [
      "to nobody",
      { allowedCidrs: [] },
      "allowedCidrs must be a list of at least one block, got []: nobody could reach the load balancer, so add your office's or VPN's block, or leave out ingress",
    ],
    [
      "to the internet",
      { allowedCidrs: ["0.0.0.0/0"] },
      "allowedCidrs[0] must be an IPv4 block of /8 or smaller, got \"0.0.0.0/0\": a larger block opens the services to the internet, so use your office's or VPN's block, or leave out ingress",
    ],
    [
      "to the internet, also inside the VPC",
      { scheme: "internal", allowedCidrs: ["0.0.0.0/0"] },
      "allowedCidrs[0] must be an IPv4 block of /8 or smaller, got \"0.0.0.0/0\": a larger block opens the services to the internet, so use your office's or VPN's block, or leave out ingress",
    ],
    [
      "to the internet piece by piece",
      { allowedCidrs: ["12.0.0.0/8", "13.0.0.0/8"] },
      "allowedCidrs must be public blocks that together are no larger than a /8, got 2 public blocks with 33,554,432 addresses: more would open the services to the internet piece by piece, so keep your office's or VPN's blocks only",
    ],
    [
      "to the internet piece by piece, also inside the VPC",
      { scheme: "internal", allowedCidrs: ["10.0.0.0/8", "12.0.0.0/8", "13.0.0.0/8"] },
      "allowedCidrs must be public blocks that together are no larger than a /8, got 2 public blocks with 33,554,432 addresses: more would open the services to the internet piece by piece, so keep your office's or VPN's blocks only",
    ],
    [
      "to private addresses, from which nothing comes on the internet",
      { allowedCidrs: ["10.0.0.0/16"] },
      'allowedCidrs[0] must be a block of public addresses, got "10.0.0.0/16": nothing comes from 10.0.0.0/8 on the internet, so use the public block of your office or VPN',
    ],
    [
      "to more blocks than a security group has rules",
      { allowedCidrs: Array.from({ length: 31 }, (_, index) => `203.0.113.${index}/32`) },
      "allowedCidrs must be at most 30 blocks, the limit of a security group with two rules for each, got 31 blocks: keep your office's or VPN's blocks only",
    ],
  ])("may not be open %s", (_, changes, sentence) => {
    expect(sentences(changes)).toEqual([sentence]);
  });

  test("reports everything at once", () => {
    const bad = { host: "a", certificateArn: "b", allowedCidrs: [], oidc: { ...ingress.oidc, issuer: "c" } };
    expect(ingressProblems({ ...ingress, ...bad }, place).map(({ path }) => path)).toEqual([
      ["host"],
      ["certificateArn"],
      ["oidc", "issuer"],
      ["allowedCidrs"],
    ]);
  });
});
