import type { HonoRequest, MiddlewareHandler } from "hono";
import { formatCount } from "../contract/format.ts";
import { ProblemError } from "./problems.ts";

/** Most bytes of a request's body: a bundle of 4 MB as JSON, and the rest of a submission. */
const MOST_BODY_BYTES = 5_000_000;
/** Most bytes of all bodies that are in memory at the same time. A pod has 384 MiB, and a parsed body takes about three times its bytes. */
const MOST_BYTES_AT_ONCE = 25_000_000;
const BODIES_LATER_SECONDS = 5;
/** Most values of a body: a submission has about a hundred. A list of two million lists takes 300 MB when it is parsed, and has 5 MB. */
const MOST_VALUES = 1_000;

/** Refuses a body before it is read: a large one, one of unknown length, and one that would not fit into memory beside the others. */
export function smallBodiesOnly(): MiddlewareHandler {
  let bytesAtOnce = 0;
  return async (context, next) => {
    if (context.req.header("transfer-encoding") !== undefined) {
      throw new ProblemError(411, "Content-Length must be given, got a body in chunks: send it whole");
    }
    const bytes = Number(context.req.header("content-length") ?? 0);
    if (bytes > MOST_BODY_BYTES) {
      const allowed = `${formatCount(MOST_BODY_BYTES)} bytes or less`;
      throw new ProblemError(413, `the body must have ${allowed}, got ${formatCount(bytes)}: send a smaller bundle`);
    }
    if (bytesAtOnce + bytes > MOST_BYTES_AT_ONCE) {
      const detail = "too many large bodies are on their way to this server: try again";
      throw new ProblemError(503, detail, { retryAfterSeconds: BODIES_LATER_SECONDS });
    }
    bytesAtOnce += bytes;
    try {
      await next();
    } finally {
      bytesAtOnce -= bytes;
    }
  };
}

/** Reads a body, so that a slow client uses up no time of the answer, and refuses one of very many values before it is parsed. */
export function readBodies(): MiddlewareHandler {
  return async ({ req }, next) => {
    if (req.method === "POST" && hasTooManyValues(await textOf(req))) {
      const allowed = `${formatCount(MOST_VALUES)} values or fewer`;
      throw new ProblemError(400, `the body must have ${allowed}, got more: send what the document describes`);
    }
    await next();
  };
}

async function textOf(req: HonoRequest): Promise<string> {
  try {
    // It is kept for the parser.
    return await req.text();
  } catch (error) {
    throw new ProblemError(400, "the body has ended too early: send it whole", { cause: error });
  }
}

/** Counts what begins a value of a list or an object. Whether it is JSON at all is the parser's to find out. */
function hasTooManyValues(json: string): boolean {
  let values = 0;
  let isInText = false;
  for (let index = 0; index < json.length && values <= MOST_VALUES; index++) {
    const character = json[index];
    if (character === '"') isInText = !isInText;
    else if (isInText) index += character === "\\" ? 1 : 0;
    else if (character === "," || character === "[" || character === "{") values++;
  }
  return values > MOST_VALUES;
}
