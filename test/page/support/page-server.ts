import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ServedEnvironment } from "../../../worker/src/api/submission.ts";
import type { Sweep, Workers } from "../../../worker/src/api/sweeps.ts";
import { repository } from "../../support/readme.ts";
import { cluster, columnOf, failuresOf, heatMapOf, listOf, noWorkers } from "./answers.ts";

const PAGE = join(repository, "worker/dist/page");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
/** The headers of `sweep serve`. */
const SECURITY = {
  "Content-Security-Policy":
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A server of the built page, with answers that a test chooses. A page behaves as with a real one, whatever state it is in. */
export class PageServer {
  environment: ServedEnvironment = cluster;
  sweeps: readonly Sweep[] = [];
  workers: Workers = noWorkers;
  /** Answers in place of those that follow from the sweeps, by method and path: `POST /api/sweeps`. */
  readonly overrides = new Map<string, Answer>();
  /** All requests below /api, as `GET /api/sweeps?after=x`. */
  readonly requests: string[] = [];
  /** Bodies of all POSTs. */
  readonly bodies: unknown[] = [];
  /** Time until an answer, as of a bucket. */
  delayMs = 0;
  #isAway = false;
  readonly #watchers = new Map<ServerResponse, string>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Replaces sweeps by name, and tells those who watch them. */
  change(...changed: readonly Sweep[]): void {
    this.sweeps = this.sweeps.map((sweep) => changed.find(({ name }) => name === sweep.name) ?? sweep);
    for (const [response, name] of this.#watchers) this.#send(response, name);
  }

  /** Ends all connections, and every new one until `comeBack`. */
  goAway(): void {
    this.#isAway = true;
    this.#server.closeAllConnections();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isAway) return void request.socket.destroy();
    const url = new URL(request.url ?? "/", "http://page");
    if (!url.pathname.startsWith("/api/")) return this.#file(url.pathname, response);
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (request.method === "POST") this.bodies.push(await bodyOf(request));
    if (this.delayMs > 0) await setTimeout(this.delayMs);
    const override = this.overrides.get(`${request.method} ${url.pathname}`);
    if (override === undefined && url.pathname.endsWith("/events")) return this.#watch(url, request, response);
    const { status, body } = override ?? this.#data(url) ?? notFound(url.pathname);
    const type = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { ...SECURITY, "Content-Type": type, "Cache-Control": "no-store" });
    response.end(JSON.stringify(body));
  }

  #data({ pathname, searchParams }: URL): Answer | undefined {
    const number = (name: string, otherwise: number) => Number(searchParams.get(name) ?? otherwise);
    const ok = (body: unknown) => ({ status: 200, body });
    if (pathname === "/api/environment") return ok(this.environment);
    if (pathname === "/api/sweeps") {
      const start = this.sweeps.findIndex(({ name }) => name === searchParams.get("after")) + 1;
      const page = this.sweeps.slice(start, start + 50);
      return ok(listOf(page, start + 50 < this.sweeps.length ? (page.at(-1)?.name ?? null) : null));
    }
    const [name, part, column] = decodeURIComponent(pathname).split("/").slice(3);
    const sweep = this.sweeps.find((one) => one.name === name);
    if (sweep === undefined) return undefined;
    if (part === undefined) return ok(sweep);
    if (part === "blocks") return ok(heatMapOf(sweep, number("cells", 1_024)));
    if (part === "failures") return ok(failuresOf(sweep, number("after", -1), number("limit", 20)));
    if (part === "workers") return ok(this.workers);
    if (part === "columns") return ok(columnOf(column ?? "", number("from", 0), number("count", sweep.identity.total)));
    return undefined;
  }

  #watch(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const name = decodeURIComponent(url.pathname).split("/")[3] ?? "";
    response.writeHead(200, { ...SECURITY, "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    this.#watchers.set(response, name);
    request.on("close", () => this.#watchers.delete(response));
    this.#send(response, name);
  }

  #send(response: ServerResponse, name: string): void {
    const sweep = this.sweeps.find((one) => one.name === name);
    if (sweep !== undefined) response.write(`event: sweep\nid: 1\ndata: ${JSON.stringify(sweep)}\n\n`);
  }

  #file(path: string, response: ServerResponse): void {
    const name = path === "/" ? "index.html" : path.slice(1);
    let content: Buffer;
    try {
      content = readFileSync(join(PAGE, name));
    } catch {
      response.writeHead(404, SECURITY).end();
      return;
    }
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    response.writeHead(200, { ...SECURITY, "Content-Type": type }).end(content);
  }
}

function notFound(path: string): Answer {
  return problem(404, "Not Found", `there is no sweep at ${path}: GET /api/sweeps has all`);
}

export function problem(status: number, title: string, detail: string, problems?: readonly object[]): Answer {
  return { status, body: { type: "about:blank", status, title, detail, ...(problems ? { problems } : {}) } };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}
