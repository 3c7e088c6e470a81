import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CompactSign, exportSPKI, generateKeyPair } from "jose";
import { Login, type LoginOptions } from "../../../worker/src/service/login.ts";
import { ProblemError, UnauthorizedError } from "../../../worker/src/service/problems.ts";

const NOW = 1_800_000_000_000;
const login = {
  region: "us-west-2",
  loadBalancerArnPrefix: "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/dev/",
  clientId: "the-client",
  issuer: "https://issuer.example",
};
const kid = "0a1b2c3d-0000-4000-8000-0123456789ab";
const right = {
  alg: "ES256",
  kid,
  signer: `${login.loadBalancerArnPrefix}50dc6c495c0c9188`,
  client: login.clientId,
  iss: login.issuer,
  exp: NOW / 1000 + 120,
};
const claims = { sub: "1234", email: "ann@example.com", exp: right.exp };

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let pem: string;
let asked: string[] = [];
beforeAll(async () => {
  keys = await generateKeyPair("ES256");
  pem = await exportSPKI(keys.publicKey);
});
beforeEach(() => {
  asked = [];
});

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

async function signed(header: object = {}, payload: object = claims, { privateKey } = keys): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ ...right, ...header })
    .sign(privateKey);
}

function loginWith(options: LoginOptions = {}): Login {
  const fetchText = async (url: string) => {
    asked.push(url);
    return url.endsWith(kid) ? pem : undefined;
  };
  return new Login(login, { fetchText, now: () => NOW, ...options });
}

const userOf = (token: string | undefined, options?: LoginOptions) =>
  loginWith(options).userOf(new Headers(token === undefined ? {} : { "x-amzn-oidc-data": token }));

test("names the user, and asks for the key of a load balancer once", async () => {
  const known = loginWith();
  const headers = new Headers({ "x-amzn-oidc-data": await signed() });
  expect(await Promise.all([known.userOf(headers), known.userOf(headers)])).toEqual([claims.email, claims.email]);
  expect(await known.userOf(headers)).toBe(claims.email);
  expect(asked).toEqual([`https://public-keys.auth.elb.us-west-2.amazonaws.com/${kid}`]);
});

test("asks for the key of a load balancer in GovCloud at its own address", async () => {
  const fetchText = async (url: string) => {
    asked.push(url);
    return pem;
  };
  const inGovCloud = new Login({ ...login, region: "us-gov-west-1" }, { fetchText, now: () => NOW });
  expect(await inGovCloud.userOf(new Headers({ "x-amzn-oidc-data": await signed() }))).toBe(claims.email);
  expect(asked).toEqual([`https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/${kid}`]);
});

test("names a user without an email by the identifier of the identity provider", async () => {
  expect(await userOf(await signed({}, { sub: "1234" }))).toBe("1234");
});

test("knows no users without a login, whatever the header says", async () => {
  const headers = new Headers({ "x-amzn-oidc-data": await signed() });
  expect(await new Login(undefined).userOf(headers)).toBeNull();
});

test("takes a token whose parts are padded, as the load balancer makes them", async () => {
  // A space behind JSON changes its length, and nothing else: three bytes would need no padding.
  const padded = (value: object) => {
    const json = JSON.stringify(value);
    return Buffer.from(json.length % 3 === 0 ? `${json} ` : json)
      .toString("base64")
      .replaceAll("+", "-")
      .replaceAll("/", "_");
  };
  const [header, payload] = [padded(right), padded(claims)];
  expect([header, payload].map((part) => part?.endsWith("="))).toEqual([true, true]);
  const { privateKey } = keys;
  const data = Buffer.from(`${header}.${payload}`);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, data);
  const token = `${header}.${payload}.${Buffer.from(signature).toString("base64url")}==`;
  expect(await userOf(token)).toBe(claims.email);
});

const REFUSED = (reason: string) => `the proof of the login is refused: ${reason}. Log in again`;

test.each<[string, object, string]>([
  [
    "of another load balancer",
    { signer: right.signer.replace("/dev/", "/dev-2/") },
    "another load balancer has signed it",
  ],
  ["without a load balancer", { signer: undefined }, "another load balancer has signed it"],
  ["for another client", { client: "another" }, "it is for another client"],
  ["of another identity provider", { iss: "https://evil.example" }, "another identity provider has issued it"],
  ["that has expired", { exp: NOW / 1000 - 6 }, "it has expired"],
  ["without an end", { exp: undefined }, "it has expired"],
  ["with an end that is no number", { exp: "soon" }, "it has expired"],
  ["without a key", { kid: undefined }, "it names no key"],
  ["whose key is a path", { kid: "../../evil" }, "it names no key"],
])("refuses a token %s, and asks for no key", async (_, header, reason) => {
  const refused = userOf(await signed(header));
  await expect(refused).rejects.toThrow(REFUSED(reason));
  await expect(refused).rejects.toBeInstanceOf(UnauthorizedError);
  expect(asked).toEqual([]);
});

test("takes the end of a token as a text, too", async () => {
  expect(await userOf(await signed({ exp: String(right.exp) }))).toBe(claims.email);
});

test("refuses a request without the header", async () => {
  await expect(userOf(undefined)).rejects.toThrow("nobody is logged in: log in on the page, and try again");
  await expect(userOf(undefined)).rejects.toMatchObject({ status: 401 });
});

test.each(["", "a", "a.b.c", "....", "€", `${encode({ alg: "ES256" })}.e30.`])(
  "refuses %j, which is no token",
  async (text) => {
    const encoded = Buffer.from(text).toString("latin1");
    await expect(userOf(encoded)).rejects.toBeInstanceOf(UnauthorizedError);
  },
);

test("refuses a token that is too long to be one", async () => {
  await expect(userOf("a".repeat(64_001))).rejects.toThrow(REFUSED("it is too long"));
});

test("refuses a token that somebody else has signed, with the identifier of our key", async () => {
  const token = await signed({}, claims, await generateKeyPair("ES256"));
  await expect(userOf(token)).rejects.toThrow(REFUSED("its signature is wrong"));
});

test("refuses a token whose claims were changed", async () => {
  const [header, , signature] = (await signed()).split(".");
  const token = `${header}.${encode({ ...claims, email: "eve@example.com" })}.${signature}`;
  await expect(userOf(token)).rejects.toThrow(REFUSED("its signature is wrong"));
});

test("refuses other algorithms, so that nobody signs with the public key", async () => {
  const unsigned = `${encode({ ...right, alg: "none" })}.${encode(claims)}.`;
  await expect(userOf(unsigned)).rejects.toThrow(REFUSED("it is not signed with ES256"));
  const withPublicKey = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ ...right, alg: "HS256" })
    .sign(Buffer.from(pem));
  await expect(userOf(withPublicKey)).rejects.toThrow(REFUSED("it is not signed with ES256"));
  expect(asked).toEqual([]);
});

test("asks for an unknown key once in a minute", async () => {
  let now = NOW;
  const known = loginWith({ now: () => now });
  const headers = new Headers({ "x-amzn-oidc-data": await signed({ kid: "unknown" }) });
  await expect(known.userOf(headers)).rejects.toThrow(REFUSED("its key is unknown"));
  await expect(known.userOf(headers)).rejects.toThrow(REFUSED("its key is unknown"));
  expect(asked).toHaveLength(1);
  now += 60_000;
  await expect(known.userOf(headers)).rejects.toThrow(REFUSED("its key is unknown"));
  expect(asked).toHaveLength(2);
});

test("refuses a key that is none", async () => {
  const refused = userOf(await signed(), { fetchText: async () => "<html>" });
  await expect(refused).rejects.toThrow(REFUSED("its key cannot be read"));
});

test("refuses a token without a user", async () => {
  await expect(userOf(await signed({}, { email: "" }))).rejects.toThrow(REFUSED("it names no user"));
  await expect(userOf(await signed({}, { email: "a".repeat(321) }))).rejects.toThrow(REFUSED("it names no user"));
});

test("blames nobody if the key server is away, and asks again", async () => {
  let isAway = true;
  const known = loginWith({
    fetchText: async () => {
      if (isAway) throw new Error("ECONNREFUSED");
      return pem;
    },
  });
  const headers = new Headers({ "x-amzn-oidc-data": await signed() });
  const refused = known.userOf(headers);
  await expect(refused).rejects.toThrow("the server of the load balancer's keys does not answer: try again");
  await expect(refused).rejects.toMatchObject({ status: 503, retryAfterSeconds: 5 });
  await expect(refused).rejects.toBeInstanceOf(ProblemError);
  isAway = false;
  expect(await known.userOf(headers)).toBe(claims.email);
});

describe("the key server", () => {
  const { fetch } = globalThis;
  afterEach(() => {
    globalThis.fetch = fetch;
  });

  /** Answers of a server on this machine, which the addresses of AWS lead to. */
  async function answering(status: number, body: string, use: () => Promise<void>): Promise<void> {
    const server = createServer((_, response) => response.writeHead(status, { Location: "/" }).end(body));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    globalThis.fetch = (_, options) => fetch(`http://127.0.0.1:${port}/`, options);
    await use().finally(() => server.close());
  }

  test.each<[number, string, string | { status: number }]>([
    [200, "pem", claims.email],
    [403, "AccessDenied", { status: 401 }],
    [404, "", { status: 401 }],
    [500, "", { status: 503 }],
    [302, "", { status: 503 }],
  ])("that answers %d", async (status, body, expected) => {
    const token = await signed();
    const headers = new Headers({ "x-amzn-oidc-data": token });
    await answering(status, body === "pem" ? pem : body, async () => {
      const user = new Login(login, { now: () => NOW }).userOf(headers);
      if (typeof expected === "string") expect(await user).toBe(expected);
      else await expect(user).rejects.toMatchObject(expected);
    });
  });
});
