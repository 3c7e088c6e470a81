import { z } from "zod";
import { list, type ShapeOf, text, withFix, word } from "../support/fields.ts";

const schemes = ["internet-facing", "internal"] as const;

/** A load balancer in front of the page, with a login. */
export interface IngressOptions {
  /** Name under which people open the page, for example `sweeps.example.com`. Point it to the load balancer in your DNS. */
  readonly host: string;
  /** ARN of a certificate of ACM for the {@link host}, in the environment's region. */
  readonly certificateArn: string;
  /** The identity provider that people log in with. */
  readonly oidc: OidcOptions;
  /** Blocks of addresses that may reach the load balancer, for example those of your office: `203.0.113.0/24`. */
  readonly allowedCidrs: readonly string[];
  /**
   * `internet-facing` has public addresses, `internal` those of the VPC only.
   * @default "internet-facing"
   */
  readonly scheme?: (typeof schemes)[number] | undefined;
}

/** An identity provider, with the addresses that its document `/.well-known/openid-configuration` names. */
export interface OidcOptions {
  /** The provider itself, as its tokens name it: an https address. */
  readonly issuer: string;
  /** Where people log in: an https address. */
  readonly authorizationEndpoint: string;
  /** Where the load balancer gets tokens: an https address. */
  readonly tokenEndpoint: string;
  /** Where the load balancer asks who somebody is: an https address. */
  readonly userInfoEndpoint: string;
  /** The client that the load balancer is at the provider. */
  readonly clientId: string;
  /**
   * Name of a Secret in the namespace `platform-services` with the keys `clientID` and `clientSecret`. Make it with `kubectl create
   * secret generic`; Terraform never sees its content.
   */
  readonly secretName: string;
}

/** Facts about an https address. */
function address(path: string) {
  return text({ allowed: "an https address", example: `https://login.example.com${path}` });
}

/** Schema of the {@link OidcOptions}. */
export const oidcOptionsSchema = z
  .strictObject({
    issuer: address(""),
    authorizationEndpoint: address("/authorize"),
    tokenEndpoint: address("/token"),
    userInfoEndpoint: address("/userinfo"),
    clientId: text({ allowed: "the id of a client", example: "sweeps" }),
    secretName: text({ allowed: "the name of a Secret", example: "oidc" }),
  } satisfies ShapeOf<OidcOptions>)
  .meta(
    withFix({
      example: { issuer: "https://login.example.com" },
      fix: "without a login, everybody who reaches the load balancer could submit sweeps; name your identity provider, or leave out ingress",
    }),
  );

/** Schema of the {@link IngressOptions}. */
export const ingressOptionsSchema = z.strictObject({
  host: text({ allowed: "the name of a host", example: "sweeps.example.com" }),
  certificateArn: text({
    allowed: "the ARN of a certificate of ACM",
    example: "arn:aws:acm:us-west-2:111122223333:certificate/11112222-3333-4444-5555-666677778888",
    fix: "without a certificate, logins would cross the network readable; request one from ACM for the host, or leave out ingress",
  }),
  oidc: oidcOptionsSchema,
  allowedCidrs: list(text({ allowed: "an IPv4 block", example: "203.0.113.0/24" }), {
    allowed: "a list of IPv4 blocks",
    example: ["203.0.113.0/24"],
  }),
  scheme: word(schemes, { example: "internal", default: "internet-facing" }).optional(),
} satisfies ShapeOf<IngressOptions>);
