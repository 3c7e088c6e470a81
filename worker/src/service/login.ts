import { type CryptoKey, compactVerify, decodeProtectedHeader, importSPKI } from "jose";
import type { ServiceFile } from "../contract/service-file.ts";
import { ProblemError, UnauthorizedError } from "./problems.ts";

/** The header in which the load balancer tells who has logged in. It replaces a header of this name that a client sends. */
const HEADER = "x-amzn-oidc-data";
/** The only algorithm of the load balancer's signatures. */
const ALGORITHM = "ES256";
/** AWS changes the key from time to time: each balancer has one or two at a time. */
const MOST_KEYS = 16;
/** An identifier that the key server does not know is not asked for again so soon. */
const UNKNOWN_FOR_MS = 60_000;
const KEY_WITHIN_MS = 5_000;
/** How far the clocks of the load balancer and of this machine may differ. */
const CLOCK_SECONDS = 5;
const KEY_ID = /^[0-9A-Za-z-]{1,64}$/;
const LONGEST_HEADER = 64_000;
const LONGEST_USER = 320;

export interface LoginOptions {
  /** Fetches the text at a URL, undefined if there is nothing. @default by HTTPS */
  readonly fetchText?: (url: string) => Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Finds out who has logged in at the load balancer. The header alone proves nothing, since any pod that reaches this server can send one:
 * therefore its signature is checked, and that our load balancer made it for our client.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
 */
export class Login {
  readonly #login: ServiceFile["login"];
  readonly #fetchText: (url: string) => Promise<string | undefined>;
  readonly #now: () => number;
  /** By identifier, the oldest first. */
  readonly #keys = new Map<string, Promise<CryptoKey>>();
  /** When the key server did not know an identifier. */
  readonly #unknown = new Map<string, number>();

  /** @param login undefined if nothing is exposed: there are no users then. */
  constructor(login: ServiceFile["login"], { fetchText = fetchByHttps, now = Date.now }: LoginOptions = {}) {
    this.#login = login;
    this.#fetchText = fetchText;
    this.#now = now;
  }

  /**
   * The user's email, or the identifier that the identity provider has for the user. Null without a login.
   *
   * @throws UnauthorizedError if a login is configured, and the header does not prove one.
   * @throws ProblemError with the status 503 if the server of the load balancer's keys does not answer.
   */
  async userOf(headers: Headers): Promise<string | null> {
    if (this.#login === undefined) return null;
    const token = headers.get(HEADER);
    if (token === null) throw new UnauthorizedError("nobody is logged in: log in on the page, and try again");
    if (token.length > LONGEST_HEADER) throw refused("it is too long");
    const keyId = this.#checkHeader(token, this.#login);
    const key = await this.#keyOf(keyId, this.#login.region);
    const { payload } = await compactVerify(token, key, { algorithms: [ALGORITHM] }).catch((error: unknown) => {
      throw refused("its signature is wrong", error);
    });
    return userIn(new TextDecoder().decode(payload));
  }

  /** Everything that needs no key, so that a forged header costs no request. @returns the identifier of the key. */
  #checkHeader(token: string, login: NonNullable<ServiceFile["login"]>): string {
    let header: Readonly<Record<string, unknown>>;
    try {
      header = decodeProtectedHeader(token);
    } catch (error) {
      throw refused("it is no signed token", error);
    }
    const { alg, kid, signer, client, iss, exp } = header;
    if (alg !== ALGORITHM) throw refused(`it is not signed with ${ALGORITHM}`);
    // The ARN goes on with an identifier that AWS has made up.
    if (typeof signer !== "string" || !signer.startsWith(login.loadBalancerArnPrefix))
      throw refused("another load balancer has signed it");
    if (client !== login.clientId) throw refused("it is for another client");
    if (iss !== login.issuer) throw refused("another identity provider has issued it");
    const expiresAt = typeof exp === "string" || typeof exp === "number" ? Number(exp) : Number.NaN;
    if (!(expiresAt + CLOCK_SECONDS > this.#now() / 1000)) throw refused("it has expired");
    if (typeof kid !== "string" || !KEY_ID.test(kid)) throw refused("it names no key");
    return kid;
  }

  async #keyOf(id: string, region: string): Promise<CryptoKey> {
    const unknownSince = this.#unknown.get(id);
    if (unknownSince !== undefined && this.#now() - unknownSince < UNKNOWN_FOR_MS) throw refused("its key is unknown");
    let key = this.#keys.get(id);
    if (key === undefined) {
      key = this.#fetchKey(id, region);
      keep(this.#keys, id, key);
      // Neither an unknown key nor a server that was away may stay.
      key.catch(() => this.#keys.delete(id));
    }
    return key;
  }

  async #fetchKey(id: string, region: string): Promise<CryptoKey> {
    let text: string | undefined;
    try {
      text = await this.#fetchText(`${keysOf(region)}/${id}`);
    } catch (error) {
      throw new ProblemError(503, "the server of the load balancer's keys does not answer: try again", {
        cause: error,
        retryAfterSeconds: 5,
      });
    }
    if (text === undefined) {
      keep(this.#unknown, id, this.#now());
      throw refused("its key is unknown");
    }
    try {
      return await importSPKI(text, ALGORITHM);
    } catch (error) {
      throw refused("its key cannot be read", error);
    }
  }
}

/**
 * Where a region has the keys of its load balancers: GovCloud has them in a bucket.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html#user-claims-encoding
 */
function keysOf(region: string): string {
  return region.startsWith("us-gov-")
    ? `https://s3-${region}.amazonaws.com/aws-elb-public-keys-prod-${region}`
    : `https://public-keys.auth.elb.${region}.amazonaws.com`;
}

/** Adds to a map that forgets the oldest beyond {@link MOST_KEYS}. */
function keep<Value>(map: Map<string, Value>, id: string, value: Value): void {
  map.delete(id);
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > MOST_KEYS && oldest !== undefined) map.delete(oldest);
}

function userIn(payload: string): string {
  let claims: { readonly email?: unknown; readonly sub?: unknown };
  try {
    claims = JSON.parse(payload);
  } catch (error) {
    throw refused("its claims are no JSON", error);
  }
  const user = [claims.email, claims.sub].find((claim) => typeof claim === "string" && claim !== "");
  if (typeof user !== "string" || user.length > LONGEST_USER) throw refused("it names no user");
  return user;
}

function refused(reason: string, cause?: unknown): UnauthorizedError {
  return new UnauthorizedError(`the proof of the login is refused: ${reason}. Log in again`, { cause });
}

async function fetchByHttps(url: string): Promise<string | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(KEY_WITHIN_MS), redirect: "error" });
  // A bucket behind the address answers 403 for an identifier that it does not know.
  if (response.status === 403 || response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.text();
}
