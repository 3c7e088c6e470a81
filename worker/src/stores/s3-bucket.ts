import { setTimeout } from "node:timers/promises";
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { RetryStrategyV2 } from "@smithy/types";
import { PermanentError, ReadOnlyError, RefusedError, SweepError, TemporaryError } from "../contract/errors.ts";
import { describeProblem } from "../contract/problems.ts";
import { BackPressure } from "./s3-back-pressure.ts";
import { LeanGet } from "./s3-get.ts";
import { WholeBodyHandler } from "./s3-http.ts";
import { type FolderPage, type ListPage, PAGE_SIZE, parseFolderPage, parseListPage } from "./s3-list.ts";
import { S3Report } from "./s3-report.ts";

/** Attempts in the SDK's standard mode, with exponential backoff and jitter. `AWS_MAX_ATTEMPTS` changes the number. */
const ATTEMPTS = 8;
/**
 * A bucket that refuses every request with SlowDown, or one object because another process is writing it, is given up after thirty
 * times the timeout of a request: ten minutes by default.
 */
const PATIENCE_IN_TIMEOUTS = 30;
/** Between two attempts to create an object that another process is writing: each sends the whole object. */
const LONGEST_PAUSE_MS = 5_000;

/** Errors of S3 that another attempt would only repeat. */
const PERMANENT = new Set([
  "AccessDenied",
  "AllAccessDisabled",
  "AuthorizationHeaderMalformed",
  "CredentialsProviderError",
  "Forbidden",
  "InvalidAccessKeyId",
  "InvalidBucketName",
  "NoSuchBucket",
  "NotImplemented",
  "PermanentRedirect",
  "SignatureDoesNotMatch",
]);

/** The bytes of an object, and its time in milliseconds since the epoch, NaN if the service does not tell. */
export interface DatedObject {
  readonly bytes: Buffer;
  readonly modifiedAt: number;
}

/**
 * One prefix of one bucket. The AWS SDK finds credentials, region and endpoint: `AWS_REGION`, `AWS_ENDPOINT_URL_S3`, a pod
 * identity, a profile.
 */
export class Bucket {
  /** Settled at the first answer of SlowDown, which may be the answer to run.json, before anybody asks. */
  readonly isSlow: Promise<void>;
  /** Whether a request has succeeded, of this prefix or of a sibling: there were credentials, so that a failure to renew them may pass. */
  readonly #credentials: { haveWorked: boolean };
  readonly #patienceMs: number;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #leanGet: LeanGet;

  /** @param sibling a prefix of the same bucket, to share its connections and its credentials. */
  constructor(url: string, requestTimeoutMs: number, sibling?: Bucket) {
    const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
    this.#bucket = bucket;
    this.#patienceMs = PATIENCE_IN_TIMEOUTS * requestTimeoutMs;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.#credentials = sibling === undefined ? { haveWorked: false } : sibling.#credentials;
    if (sibling !== undefined) {
      this.#client = sibling.#client;
      this.#leanGet = sibling.#leanGet;
      this.isSlow = sibling.isSlow;
      return;
    }
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_MAX_ATTEMPTS } = process.env;
    // The SDK is pinned to a version that supports this Node.js, so its warning about later versions helps no user.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
    const isElsewhere = (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined;
    const requestHandler = new WholeBodyHandler(requestTimeoutMs);
    this.#client = new S3Client({
      ...(AWS_MAX_ATTEMPTS === undefined ? { maxAttempts: ATTEMPTS } : {}),
      // Services other than AWS's have one region and one host name for all buckets.
      ...(isElsewhere ? { forcePathStyle: true, region: AWS_REGION ?? "us-east-1" } : {}),
      requestHandler,
    });
    const { retryStrategy } = this.#client.config;
    let onSlowDown = () => {};
    this.isSlow = new Promise((resolve) => {
      onSlowDown = resolve;
    });
    let retries: Promise<BackPressure> | undefined;
    this.#client.config.retryStrategy = () => {
      retries ??= retryStrategy().then(
        (attempts) =>
          new BackPressure(attempts as RetryStrategyV2, {
            patienceMs: this.#patienceMs,
            onSlowDown,
          }),
      );
      return retries;
    };
    this.#leanGet = new LeanGet(this.#client, requestHandler, bucket);
  }

  /** The bytes of an object from `offset` on, at most `length`, or undefined if there is no such object. */
  async get(key: string, offset = 0, length?: number): Promise<Buffer | undefined> {
    return (await this.getDated(key, offset, length))?.bytes;
  }

  /** As {@link get}, with the time of the object in milliseconds since the epoch. */
  async getDated(key: string, offset = 0, length?: number): Promise<DatedObject | undefined> {
    const range = rangeHeader(offset, length);
    try {
      const found =
        (await this.#getLean(this.#prefix + key, range)) ?? (await this.#getWithSdk(this.#prefix + key, range));
      this.#credentials.haveWorked = true;
      return found;
    } catch (error) {
      if ((error as S3ServiceException).name === "NoSuchKey") return undefined;
      throw this.#explain(error, "read from");
    }
  }

  async #getLean(key: string, range: string | undefined): Promise<DatedObject | undefined> {
    const answer = await this.#leanGet.get(key, range);
    if (answer === undefined) return undefined;
    return { bytes: answer.bytes, modifiedAt: Date.parse(answer.response.headers["last-modified"] ?? "") };
  }

  async #getWithSdk(key: string, range: string | undefined): Promise<DatedObject> {
    const part = range === undefined ? {} : { Range: range };
    const { Body, LastModified } = await this.#client.send(
      new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...part }),
    );
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    return { bytes, modifiedAt: LastModified?.getTime() ?? Number.NaN };
  }

  /** A link to an object, with which anybody may read it for so many seconds. A browser saves it as `fileName`. */
  async linkTo(key: string, expiresIn: number, fileName: string): Promise<string> {
    const object = { Bucket: this.#bucket, Key: this.#prefix + key };
    const command = new GetObjectCommand({
      ...object,
      ResponseContentDisposition: `attachment; filename="${fileName}"`,
    });
    try {
      return await getSignedUrl(this.#client, command, { expiresIn });
    } catch (error) {
      throw this.#explain(error, "read from");
    }
  }

  /** Writes an object, and replaces an existing one. */
  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#put(key, body, {});
  }

  /** Writes an object unless it exists: the first writer wins, and later ones change nothing. */
  async create(key: string, body: Uint8Array): Promise<void> {
    const startedAt = performance.now();
    for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const refused = await this.#put(key, body, { IfNoneMatch: "*" });
      if (refused !== 409) return;
      if (performance.now() - startedAt > this.#patienceMs) {
        throw new TemporaryError(
          `cannot write to s3://${this.#bucket}/${this.#prefix}${key}: the bucket answers again and again that another process is writing it`,
        );
      }
      // The other process may still fail.
      await setTimeout(pauseMs * (0.5 + Math.random()));
    }
  }

  /** Starts an object of any size, which replaces an existing one when it is finished. */
  report(key: string): S3Report {
    const object = { Bucket: this.#bucket, Key: this.#prefix + key };
    return new S3Report(this.#client, object, (error) => this.#explain(error, "write to"));
  }

  /**
   * Objects below this prefix whose keys start with `below`, sorted by key.
   *
   * @param after only keys that sort behind this one.
   * @param limit most objects, at most 1,000.
   */
  async list(below: string, after = "", limit = PAGE_SIZE): Promise<ListPage> {
    const [prefix, startAfter] = [this.#prefix + below, this.#prefix + after];
    try {
      const query = { prefix, "start-after": startAfter, "max-keys": String(limit) };
      const { objects, isTruncated } =
        parseListPage((await this.#leanGet.list(query)) ?? "") ?? (await this.#listWithSdk(prefix, startAfter, limit));
      this.#credentials.haveWorked = true;
      return {
        objects: objects.map((object) => ({ ...object, key: object.key.slice(this.#prefix.length) })),
        isTruncated,
      };
    } catch (error) {
      throw this.#explain(error, "list");
    }
  }

  async #listWithSdk(prefix: string, startAfter: string, limit: number): Promise<ListPage> {
    const { Contents = [], IsTruncated = false } = await this.#client.send(
      new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, StartAfter: startAfter, MaxKeys: limit }),
    );
    const objects = Contents.flatMap(({ Key: key, Size: size, LastModified }) =>
      key === undefined ? [] : [{ key, size, modifiedAt: LastModified?.getTime() }],
    );
    return { objects, isTruncated: IsTruncated };
  }

  /** The names that lie directly below `folder`, which is empty or ends with "/". Those of folders end with "/". */
  async *names(folder: string): AsyncGenerator<string> {
    const prefix = this.#prefix + folder;
    let next: string | undefined;
    do {
      const page: FolderPage = await this.#folderPage(prefix, next);
      yield* page.keys.map((key) => key.slice(prefix.length));
      next = page.next;
    } while (next !== undefined);
  }

  async #folderPage(prefix: string, token: string | undefined): Promise<FolderPage> {
    const next = token === undefined ? {} : { "continuation-token": token };
    try {
      const xml = await this.#leanGet.list({ prefix, delimiter: "/", ...next });
      const page = parseFolderPage(xml ?? "") ?? (await this.#folderPageWithSdk(prefix, token));
      this.#credentials.haveWorked = true;
      return page;
    } catch (error) {
      throw this.#explain(error, "list");
    }
  }

  async #folderPageWithSdk(prefix: string, token: string | undefined): Promise<FolderPage> {
    const next = token === undefined ? {} : { ContinuationToken: token };
    const {
      CommonPrefixes = [],
      Contents = [],
      NextContinuationToken,
    } = await this.#client.send(
      new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, Delimiter: "/", ...next }),
    );
    const keys = [...CommonPrefixes.map((folder) => folder.Prefix), ...Contents.map((object) => object.Key)];
    return { keys: keys.filter((key) => key !== undefined), next: NextContinuationToken };
  }

  /** @returns the status if the condition was refused: 412, or 409 while another process writes. */
  async #put(key: string, body: Uint8Array, condition: { IfNoneMatch?: string }): Promise<412 | 409 | undefined> {
    try {
      await this.#client.send(
        new PutObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, Body: body, ...condition }),
      );
      this.#credentials.haveWorked = true;
      return undefined;
    } catch (error) {
      const status = (error as S3ServiceException).$metadata?.httpStatusCode;
      if (condition.IfNoneMatch !== undefined && (status === 412 || status === 409)) return status;
      throw this.#explain(error, "write to");
    }
  }

  #explain(error: unknown, action: string): SweepError {
    if (error instanceof SweepError) return error;
    const { name, message, $metadata } = error as S3ServiceException;
    if (message === "Region is missing") return noRegion(this.#bucket, error);
    const place = `s3://${this.#bucket}/${this.#prefix}`;
    const text = `cannot ${action} ${place}: ${name}${message === "" || message === name ? "" : `: ${message}`}`;
    if ($metadata?.httpStatusCode === 403) {
      return action === "write to"
        ? new ReadOnlyError(text, { cause: error })
        : new RefusedError(text, { cause: error });
    }
    // Credentials that worked expire within hours, and the service that renews them may be away for a moment.
    const mayPass = this.#credentials.haveWorked && name === "CredentialsProviderError";
    const isPermanent = !mayPass && PERMANENT.has(name);
    return isPermanent ? new PermanentError(text, { cause: error }) : new TemporaryError(text, { cause: error });
  }
}

function rangeHeader(offset: number, length: number | undefined): string | undefined {
  if (length !== undefined) return `bytes=${offset}-${offset + length - 1}`;
  return offset === 0 ? undefined : `bytes=${offset}-`;
}

/** Neither the environment nor the AWS profile has a region. */
function noRegion(bucket: string, cause: unknown): PermanentError {
  const fix = 'set it, for example to "us-west-2"';
  const problem = { path: ["AWS_REGION"], allowed: `the region of the bucket ${bucket}`, got: "nothing", fix };
  return new PermanentError(describeProblem(problem), { cause });
}
