import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The fault of the server for a request. Undefined lets it work.
 *
 * - a status: an error.
 * - "silence": no answer.
 * - "late": an answer after 400 ms.
 * - "cut": the connection is reset in the middle of the body.
 * - "short": the server closes the connection in the middle of the body, as if that were its end.
 * - "stall": the body stops in its middle, and the connection stays.
 * - "trickle": the second half of the body comes byte by byte.
 */
export type Fault = (request: {
  readonly method: string;
  readonly key: string;
}) => number | "silence" | "late" | BodyFault | undefined;

export type BodyFault = "cut" | "short" | "stall" | "trickle";

const ERROR_CODES: Readonly<Record<number, string>> = {
  403: "AccessDenied",
  404: "NoSuchBucket",
  409: "ConditionalRequestConflict",
  412: "PreconditionFailed",
  500: "InternalError",
  503: "SlowDown",
};

/** A fault that answers SlowDown to requests of a method beyond so many a second. @returns it, and a count of the refused. */
export function rateLimit(
  method: string,
  perSecond: number,
): { readonly fault: Fault; readonly refused: () => number } {
  let [tokens, filledAt, refused] = [1, performance.now(), 0];
  const fault: Fault = (request) => {
    if (request.method !== method) return undefined;
    const now = performance.now();
    tokens = Math.min(Math.max(1, perSecond), tokens + ((now - filledAt) * perSecond) / 1000);
    filledAt = now;
    if (tokens < 1) {
      refused++;
      return 503;
    }
    tokens--;
    return undefined;
  };
  return { fault, refused: () => refused };
}

/**
 * The part of S3 that a sweep uses, in memory: one bucket, PUT with `If-None-Match: *`, multipart uploads, GET with a range, and
 * ListObjectsV2 in pages. A test can make it answer wrongly.
 */
export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  /** When objects were written, in milliseconds since the epoch. A test may change it. */
  readonly times = new Map<string, number>();
  /** The parts of unfinished multipart uploads, by key. */
  readonly uploads = new Map<string, Buffer[]>();
  /** Requests so far, `PUT blocks/...`. */
  readonly requests: string[] = [];
  fault: Fault = () => undefined;
  /** Most keys in a page of a listing. */
  pageSize = 7;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeS3> {
    const fake = new FakeS3();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** The environment variables that point the AWS SDK at this server. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // A worker that was killed, or that gave up, has cut the connection.
      return undefined;
    }
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, , ...path] = url.pathname.split("/");
    const key = decodeURIComponent(path.join("/"));
    const method = request.method ?? "GET";
    this.requests.push(`${method} ${key}`);
    if (!isSigned(request)) return this.#error(response, 403, "SignatureDoesNotMatch");
    const fault = this.fault({ method, key });
    if (fault === "silence") return undefined;
    if (fault === "late") await new Promise((resolve) => setTimeout(resolve, 400));
    if (typeof fault === "number") return this.#error(response, fault, ERROR_CODES[fault] ?? "Unknown");
    if (fault !== undefined && fault !== "late") spoilBody(response, fault);
    if (url.searchParams.has("uploads") || url.searchParams.has("uploadId")) {
      return this.#upload(request, response, key, url.searchParams, Buffer.concat(chunks));
    }
    if (method === "PUT") return this.#put(request, response, key, Buffer.concat(chunks));
    if (url.searchParams.has("list-type")) return this.#list(response, url.searchParams);
    return this.#get(request, response, key);
  }

  #put(request: IncomingMessage, response: ServerResponse, key: string, body: Buffer): ServerResponse {
    if (request.headers["if-none-match"] === "*" && this.objects.has(key)) {
      return this.#error(response, 412, "PreconditionFailed");
    }
    this.objects.set(key, decodeBody(request, body));
    this.times.set(key, Date.now());
    return response.writeHead(200, { ETag: '"1"' }).end();
  }

  /** A multipart upload: its parts become an object when it is completed. */
  #upload(
    request: IncomingMessage,
    response: ServerResponse,
    key: string,
    query: URLSearchParams,
    body: Buffer,
  ): ServerResponse {
    const parts = this.uploads.get(key) ?? [];
    const part = query.get("partNumber");
    if (part !== null) parts[Number(part) - 1] = decodeBody(request, body);
    else if (query.has("uploads")) this.uploads.set(key, parts);
    else {
      this.uploads.delete(key);
      if (request.method === "POST") this.objects.set(key, Buffer.concat(parts));
    }
    response.writeHead(200, { ETag: '"1"', "Content-Type": "application/xml" });
    return response.end(request.method === "POST" ? "<Result><UploadId>1</UploadId><ETag>1</ETag></Result>" : "");
  }

  #get(request: IncomingMessage, response: ServerResponse, key: string): ServerResponse {
    const object = this.objects.get(key);
    if (object === undefined) return this.#error(response, 404, "NoSuchKey");
    const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const part = object.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
    response.statusCode = request.headers.range === undefined ? 200 : 206;
    response.setHeader("Last-Modified", new Date(this.#timeOf(key)).toUTCString());
    return response.setHeader("Content-Length", part.length).end(part);
  }

  #list(response: ServerResponse, query: URLSearchParams): ServerResponse {
    // The server may choose smaller pages than it was asked for.
    const page = Math.min(this.pageSize, Number(query.get("max-keys") ?? 1_000));
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const prefix = query.get("prefix") ?? "";
    // With a delimiter, all keys of a folder are one entry.
    const entryOf = (key: string) => {
      const end = query.has("delimiter") ? key.indexOf("/", prefix.length) : -1;
      return end === -1 ? key : key.slice(0, end + 1);
    };
    const found = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).map(entryOf);
    const entries = [...new Set(found)].filter((entry) => entry > after).sort();
    const contents = entries
      .slice(0, page)
      .map((entry) => this.#listed(entry, query.has("delimiter") && entry.endsWith("/")));
    const next =
      entries.length > page
        ? `<NextContinuationToken>${escapeXml(entries[page - 1] as string)}</NextContinuationToken>`
        : "";
    return response
      .setHeader("Content-Type", "application/xml")
      .end(
        `<ListBucketResult><Prefix>${escapeXml(prefix)}</Prefix><IsTruncated>${next !== ""}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
      );
  }

  #listed(key: string, isFolder: boolean): string {
    if (isFolder) return `<CommonPrefixes><Prefix>${escapeXml(key)}</Prefix></CommonPrefixes>`;
    const time = new Date(this.#timeOf(key)).toISOString();
    return `<Contents><Key>${escapeXml(key)}</Key><LastModified>${time}</LastModified><Size>${this.objects.get(key)?.length}</Size></Contents>`;
  }

  /** S3 has whole seconds. */
  #timeOf(key: string): number {
    return Math.floor((this.times.get(key) ?? 0) / 1000) * 1000;
  }

  #error(response: ServerResponse, status: number, code: string): ServerResponse {
    response.statusCode = status;
    return response
      .setHeader("Content-Type", "application/xml")
      .end(`<Error><Code>${code}</Code><Message>as the test asked</Message></Error>`);
  }
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * Whether the signature of a request (Signature Version 4), in its headers or in a link, is that of the credentials in
 * {@link FakeS3.environment}.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
function isSigned({ method, url = "/", headers }: IncomingMessage): boolean {
  const [path = "/", query = ""] = url.split("?");
  const link = new URLSearchParams(query);
  const authorization =
    headers.authorization ??
    `AWS4-HMAC-SHA256 Credential=${link.get("X-Amz-Credential")}, SignedHeaders=${link.get("X-Amz-SignedHeaders")}, Signature=${link.get("X-Amz-Signature")}`;
  const [, scope = "", names = "", signature = ""] =
    /^AWS4-HMAC-SHA256 Credential=test\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(authorization) ?? [];
  const canonical = [
    method,
    path,
    query
      .split("&")
      .filter((part) => !part.startsWith("X-Amz-Signature="))
      .sort()
      .join("&"),
    ...names.split(";").map((name) => `${name}:${String(headers[name]).trim().replace(/\s+/g, " ")}`),
    "",
    names,
    headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD",
  ].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"] ?? link.get("X-Amz-Date"), scope, digest].join("\n");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const key = scope.split("/").reduce<string | Buffer>(hmac, "AWS4test");
  return names.split(";").includes("host") && hmac(key, toSign).toString("hex") === signature;
}

/** Makes the next `end` send the body in another way. */
function spoilBody(response: ServerResponse, fault: BodyFault): void {
  const end = response.end.bind(response);
  response.end = ((body: Buffer | string = "") => {
    const bytes = Buffer.from(body as string);
    response.setHeader("Content-Length", bytes.length);
    const half = bytes.length >> 1;
    // The first half must have arrived, so that the fault is one of the body.
    response.write(bytes.subarray(0, half), () => {
      if (fault === "cut") response.socket?.resetAndDestroy();
      else if (fault === "short") response.socket?.end();
      else if (fault === "trickle") trickle(response, bytes.subarray(half), end);
    });
    return response;
  }) as ServerResponse["end"];
}

function trickle(response: ServerResponse, bytes: Buffer, end: () => void): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < bytes.length) response.write(bytes.subarray(sent, ++sent));
    else end();
  }, 10);
  response.on("close", () => clearInterval(timer));
}

/** The SDK sends a body with a checksum behind it in chunks: `<hex size>[;...]\r\n<bytes>\r\n`, and `0\r\n` at the end. */
function decodeBody(request: IncomingMessage, body: Buffer): Buffer {
  if (!String(request.headers["content-encoding"] ?? "").includes("aws-chunked")) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, lineEnd), 16);
    if (size === 0) break;
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
