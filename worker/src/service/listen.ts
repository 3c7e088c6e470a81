import { createServer, type Server, STATUS_CODES } from "node:http";
import { type AddressInfo, isIPv6, type Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { PermanentError } from "../contract/errors.ts";
import { describeProblem } from "../contract/problems.ts";
import type { ServiceApp } from "./app.ts";
import type { Drain } from "./drain.ts";
import { answerWith } from "./problem-answers.ts";
import { ProblemError } from "./problems.ts";

const CLIENT_LIMITS = {
  /** A load balancer keeps a connection for 60 s without traffic: one that ends it first sends no request into a closed connection. */
  keepAliveTimeout: 65_000,
  headersTimeout: 66_000,
  /** A slow client has so long for a whole request: 5 MB at 42 KB/s. */
  requestTimeout: 120_000,
  /** How late a client that is too slow is found. */
  connectionsCheckingInterval: 5_000,
};
/** A load balancer takes 64 KiB from a client, and adds who has logged in. With the 16 KiB of Node.js, some people could not log in. */
const MOST_HEADER_BYTES = 80 * 1024;
/** Answers that are under way when the server closes have so long. */
const CLOSE_WITHIN_MS = 10_000;

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly drain: Drain;
  /** Milliseconds that clients may take. */
  readonly clientLimits?: Partial<typeof CLIENT_LIMITS>;
}

/** A server that takes requests. */
export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  /**
   * Stops without breaking a connection: it is not ready at once, goes on until `drained`, takes no new connections then, and ends its
   * events. Resolves when the last connection is closed.
   */
  stop(drained: Promise<unknown>): Promise<void>;
}

/**
 * Serves an application.
 *
 * @throws PermanentError if the port is taken, or cannot be used.
 */
export async function listen(
  app: ServiceApp,
  { host, port, drain, clientLimits }: ListenOptions,
): Promise<RunningServer> {
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    errorHandler: () =>
      answerWith(new ProblemError(400, "the request cannot be read: its path or its host is malformed")),
  });
  const server = createServer({ maxHeaderSize: MOST_HEADER_BYTES, ...CLIENT_LIMITS, ...clientLimits }, listener);
  server.on("clientError", refuseClient);
  const unused = unusedConnectionsOf(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explainListenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = isIPv6(address.address) ? `[${address.address}]` : address.address;
  return { url: `http://${name}:${address.port}`, stop: (drained) => stop(server, unused, drain, drained) };
}

/** Connections that have not carried a request yet. Node.js does not count them among the idle ones, and would wait for them. */
function unusedConnectionsOf(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }) => unused.delete(socket));
  return unused;
}

async function stop(
  server: Server,
  unused: ReadonlySet<Socket>,
  drain: Drain,
  drained: Promise<unknown>,
): Promise<void> {
  drain.begin();
  await drained;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  drain.close();
  const deadline = performance.now() + CLOSE_WITHIN_MS;
  // A connection whose answer has just ended is idle, and would stay.
  const sweeping = setInterval(() => {
    if (performance.now() > deadline) server.closeAllConnections();
    else server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
  }, 50);
  await closed;
  clearInterval(sweeping);
}

/** Answers a client whose request Node.js does not pass on. */
function refuseClient(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, detail] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [408, "the request took too long: send it faster"]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "the headers are too large: send fewer"]
        : [400, "the request is no HTTP: send one that is"];
  const body = JSON.stringify(new ProblemError(status as number, detail as string).answer);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status as number]}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const problem = (path: string, allowed: string, got: string, fix: string) =>
    new PermanentError(describeProblem({ path: [path], allowed, got, fix }), { cause: error });
  switch (error.code) {
    case "EADDRINUSE":
      return problem(
        "--port",
        `free on ${host}`,
        `${port}, which another program has`,
        "end that program, or use --port 0",
      );
    case "EACCES":
      return problem("--port", "1024 or more for a user", String(port), "use for example 8080");
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return problem("--host", "an address of this machine", host, "use 127.0.0.1, or 0.0.0.0 for all of them");
    default:
      return error;
  }
}
