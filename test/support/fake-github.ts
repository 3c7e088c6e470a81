import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Post {
  readonly id: number;
  readonly number: number;
  readonly html_url: string;
  readonly user: { readonly login: string };
  /** Issue or pull request that a comment belongs to. */
  readonly of?: number;
  body: string;
  state: string;
  title?: string;
  labels?: readonly string[];
}

/** What the server answers instead of doing its work. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
}

/**
 * As much of GitHub as posts use: comments of a pull request and issues with a label, in pages, for one repository,
 * `example/platform`. It answers wrongly on demand.
 */
export class FakeGitHub {
  readonly comments: Post[] = [];
  readonly issues: Post[] = [];
  /** `PATCH /issues/comments/3`. */
  readonly requests: string[] = [];
  readonly tokens = new Set<string>();
  /** Called for each request; what it returns is answered. */
  fault: (request: string) => Answer | "then" | undefined = () => undefined;
  readonly #server: Server;
  #last = 0;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const url = new URL(request.url ?? "/", "http://localhost");
      const path = url.pathname.replace("/repos/example/platform", "");
      const name = `${request.method} ${path}`;
      this.requests.push(name);
      this.tokens.add(request.headers.authorization ?? "");
      const fault = this.fault(name);
      const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
      // "then": it does what it was asked, and the answer is lost.
      const done = fault === undefined || fault === "then" ? this.#answer(name, url.searchParams, body) : undefined;
      if (done !== undefined && fault === undefined) {
        response.writeHead(done.status, { "Content-Type": "application/json" }).end(JSON.stringify(done.json));
        return;
      }
      const {
        status,
        headers,
        message = "as the test asked",
      } = fault === "then" ? ({ status: 502 } as Answer) : (fault as Answer);
      response.writeHead(status, { ...headers }).end(JSON.stringify({ message }));
    });
  }

  static async start(): Promise<FakeGitHub> {
    const fake = new FakeGitHub();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(list: Post[], post: Partial<Post>): Post {
    this.#last += 1;
    const made = {
      id: this.#last,
      number: this.#last,
      html_url: `https://github.example/${this.#last}`,
      user: { login: "github-actions[bot]" },
      body: "",
      state: "open",
      ...post,
    };
    list.push(made);
    return made;
  }

  #answer(request: string, query: URLSearchParams, body: Partial<Post>): { status: number; json: unknown } {
    const paged = (posts: readonly Post[]) => {
      const size = Number(query.get("per_page") ?? 30);
      const start = (Number(query.get("page") ?? 1) - 1) * size;
      return { status: 200, json: posts.slice(start, start + size) };
    };
    const tooLong = (body.body ?? "").length > 65_536;
    if (tooLong) return { status: 422, json: { message: "Validation Failed" } };
    const [method = "", path = ""] = request.split(" ");
    const [, of] = /^\/issues\/(\d+)\/comments$/.exec(path) ?? [];
    if (of !== undefined && method === "GET")
      return paged(this.comments.filter((comment) => comment.of === Number(of)));
    if (of !== undefined) return { status: 201, json: this.add(this.comments, { ...body, of: Number(of) }) };
    const label = query.get("labels") ?? "";
    if (path === "/issues" && method === "GET") {
      return paged(this.issues.filter(({ state, labels }) => state === query.get("state") && labels?.includes(label)));
    }
    if (path === "/issues") return { status: 201, json: this.add(this.issues, body) };
    const [, comment, id] = /^\/issues\/(comments\/)?(\d+)$/.exec(path) ?? [];
    const found = (comment === undefined ? this.issues : this.comments).find((post) => post.id === Number(id));
    if (found === undefined) return { status: 404, json: { message: "Not Found" } };
    return { status: 200, json: Object.assign(found, body) };
  }
}
