import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { NodeHttpHandler, type NodeHttpHandlerOptions } from "@smithy/node-http-handler";

type Handle = NodeHttpHandler["handle"];
type HttpRequest = Parameters<Handle>[0];
type Sent = Awaited<ReturnType<Handle>>["response"];

const CONNECT_WITHIN_MS = 5_000;
/** The least speed of a body, 16 kB a second on average: a slower request is sent again, on another connection. */
const LEAST_BYTES_PER_MS = 16;

/** An answer whose body has arrived. */
export interface WholeAnswer {
  readonly response: Sent;
  /** It starts at the first byte of its own `ArrayBuffer`, so that a view of its numbers needs no copy. */
  readonly bytes: Buffer;
}

/**
 * Sends requests for the AWS SDK, and waits for the whole body of the answer before the SDK sees it. The SDK alone bounds and
 * retries a request until the first byte of its answer: a connection that is cut in mid-body would be an error at once, and one
 * that falls silent would never end. Here both are errors of the request, which the SDK sends again.
 */
export class WholeBodyHandler extends NodeHttpHandler {
  readonly #silenceMs: number;

  /** @param silenceMs how long the start of an answer, and then the next part of its body, may take. */
  constructor(silenceMs: number) {
    const options: NodeHttpHandlerOptions = {
      connectionTimeout: CONNECT_WITHIN_MS,
      requestTimeout: silenceMs,
      throwOnRequestTimeout: true,
    };
    super(options);
    this.#silenceMs = silenceMs;
  }

  override async handle(...sending: Parameters<Handle>): ReturnType<Handle> {
    const { response, bytes } = await this.exchange(...sending);
    response.body = Readable.from([bytes], { objectMode: false });
    return { response };
  }

  /** Sends a request, and waits for the whole answer, whatever its status is. */
  async exchange(request: HttpRequest, options?: Parameters<Handle>[1]): Promise<WholeAnswer> {
    // The time until the answer begins includes that of sending a body, which takes longer for a large one.
    const sendingMs = Number(request.headers["content-length"] ?? 0) / LEAST_BYTES_PER_MS;
    const { response } = await super.handle(request, { ...options, requestTimeout: this.#silenceMs + sendingMs });
    const length = Number(response.headers["content-length"]);
    const bytes = await readWhole(response.body, length, this.#silenceMs);
    return { response, bytes };
  }
}

/** @param length NaN if the answer does not tell. */
function readWhole(body: IncomingMessage, length: number, silenceMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const isKnown = Number.isSafeInteger(length);
    const whole = Buffer.allocUnsafeSlow(isKnown ? length : 0);
    const parts: Buffer[] = [];
    const startedAt = performance.now();
    let received = 0;
    let isOver = false;
    const end = (error?: Error) => {
      isOver = true;
      clearTimeout(timer);
      if (error === undefined) return resolve(isKnown ? whole : Buffer.concat(parts));
      // The rest of this body must not be taken for the answer to the next request.
      body.destroy();
      reject(error);
    };
    const progress = () => `${received} of ${isKnown ? length : "an unknown number of"} bytes`;
    const isLate = (allowedMs: number) =>
      end(bodyError("TimeoutError", "ETIMEDOUT", `only ${progress()} arrived within ${Math.round(allowedMs)} ms`));
    const cut = () => {
      // Every body closes in the end, and an error with its stack takes 30 µs.
      if (!isOver) end(bodyError("ECONNRESET", "ECONNRESET", `the connection was cut after ${progress()}`));
    };
    const timer = setTimeout(() => isLate(performance.now() - startedAt), silenceMs);
    body.on("data", (part: Buffer) => {
      if (!isKnown) parts.push(part);
      else if (received + part.length <= length) part.copy(whole, received);
      received += part.length;
      const allowedMs = silenceMs + received / LEAST_BYTES_PER_MS;
      // A trickle never falls silent.
      if (performance.now() - startedAt > allowedMs) isLate(allowedMs);
      else timer.refresh();
    });
    body.on("end", () => (isKnown && received !== length ? cut() : end()));
    body.on("error", cut);
    body.on("close", cut);
  });
}

/** The SDK takes the name for the kind of an error, and sends a request with one of these codes again. */
function bodyError(name: string, code: "ETIMEDOUT" | "ECONNRESET", message: string): Error {
  return Object.assign(new Error(message), { name, code });
}
