import { z } from "zod";
import type { Submitted } from "../../worker/src/api/submission.ts";
import type { Sweep, SweepSummary } from "../../worker/src/api/sweeps.ts";
import { NotFoundError } from "../../worker/src/monitoring/index.ts";
import type { ServiceApp } from "../../worker/src/service/app.ts";
import { documentOf } from "../../worker/src/service/document.ts";
import { Drain } from "../../worker/src/service/drain.ts";
import { type ListenOptions, listen } from "../../worker/src/service/listen.ts";
import { type AppOptions, createApp } from "../../worker/src/service/server.ts";
import type { SweepServices } from "../../worker/src/service/sweep-routes.ts";

/** A log that keeps what a server writes. */
export class KeptLog {
  readonly lines: { readonly level: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly debug = this.#writer("debug");
  readonly info = this.#writer("info");
  readonly warn = this.#writer("warn");
  readonly error = this.#writer("error");

  #writer(level: string) {
    return (fields: object) => void this.lines.push({ level, fields: { ...fields } });
  }
}

export function testSummary(name: string): SweepSummary {
  return {
    name,
    url: `/results/${name.replaceAll(":", "/")}`,
    identity: {
      evaluation: "collatz",
      evaluationSha256: "0".repeat(64),
      columns: ["value"],
      total: 100,
      batchSize: 10,
      seed: 0,
    },
    state: "running",
    counts: { present: 19, failed: 1, isFailedExact: true, remaining: 80 },
    createdAt: "2026-11-01T10:00:00.000Z",
    lastCommitAt: "2026-11-01T10:01:00.000Z",
    ratePerSecond: 2,
    secondsLeft: 40,
    stop: null,
    submission: null,
    costUsd: null,
  };
}

export function testSweep(name: string, changes: Partial<Sweep> = {}): Sweep {
  return {
    ...testSummary(name),
    throughput: { start: "2026-11-01T10:00:00.000Z", stepSeconds: 60, parameters: [20] },
    computingSeconds: 60,
    hasReceipt: false,
    hasParquet: false,
    canCancel: true,
    canResume: true,
    ...changes,
  };
}

const submitted: Submitted = { name: "queue:new", isNew: true, messages: 1 };

/** A monitor and submissions in memory. They know the sweeps `a` and `queue:b`. */
export function testServices(changes: { readonly [Name in keyof SweepServices]?: Partial<SweepServices[Name]> } = {}) {
  const find = (name: string) => {
    if (!["a", "queue:b"].includes(name)) throw new NotFoundError(`there is no sweep ${name}`);
    return testSweep(name);
  };
  const monitor: SweepServices["monitor"] = {
    list: async ({ limit }) => ({ sweeps: ["a", "queue:b"].slice(0, limit).map(testSummary), next: null }),
    sweep: async (name) => find(name),
    heatMap: async (name, cells) => {
      const { total } = find(name).identity;
      const cellSize = Math.ceil(total / cells);
      const each = Array.from({ length: Math.ceil(total / cellSize) }, () => 0);
      return { total, cellSize, done: each, failed: each, milliseconds: each.map(() => null) };
    },
    failures: async (name) => {
      find(name);
      return { failures: [{ parameter: 3, kind: "threw", error: "Error: no" }], next: null };
    },
    column: async (name, column) => {
      if (!find(name).identity.columns.includes(column)) throw new NotFoundError(`${name} has no column ${column}`);
      return { column, sampled: 0, histogram: { from: null, to: null, counts: [] }, overParameter: [] };
    },
    watch: (name, onSweep, onError) => {
      try {
        onSweep(find(name));
      } catch (error) {
        onError(error);
      }
      return () => {};
    },
    download: async (name) => {
      find(name);
      return undefined;
    },
    url: (name) => `/results/${name.replaceAll(":", "/")}`,
  };
  const submissions: SweepServices["submissions"] = {
    environment: (user) => ({
      name: null,
      version: "0.0.0",
      resultsRoot: "/results",
      user,
      evaluations: ["collatz"],
      allowsCommands: false,
      sizes: [{ size: "large", modes: ["queue"], max: 3, hourlyUsd: null }],
    }),
    submit: async () => submitted,
    cancel: async (name) => void find(name),
    resume: async (name) => ({ ...submitted, name: find(name).name, isNew: false }),
  };
  const workers = async () => ({ source: "none" as const, note: "no cluster", workers: [], total: 0 });
  return {
    monitor: { ...monitor, ...changes.monitor },
    submissions: { ...submissions, ...changes.submissions },
    login: { userOf: async () => null, ...changes.login },
    workers: (changes.workers as SweepServices["workers"]) ?? workers,
  } satisfies SweepServices;
}

export interface TestApp {
  readonly app: ServiceApp;
  readonly drain: Drain;
  readonly log: KeptLog;
  /** A request, of this host unless it has another one. */
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
}

export function testApp(options: Partial<AppOptions> = {}): TestApp {
  const [drain, log] = [new Drain(), new KeptLog()];
  const app = createApp({ api: testServices(), checkReady: async () => {}, drain, log, ...options });
  const request = async (path: string, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: { host: "localhost", ...(init.headers as Record<string, string>) } });
  return { app, drain, log, request };
}

export function post(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
}

/** A server of this process, on a port of its own until the tests of the file end. */
export async function startTestServer(options: Partial<AppOptions> = {}, changes: Partial<ListenOptions> = {}) {
  const test = testApp(options);
  const server = await listen(test.app, { host: "127.0.0.1", port: 0, drain: test.drain, ...changes });
  servers.push(() => server.stop(Promise.resolve()));
  return { ...test, ...server };
}

const servers: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(servers.map((stop) => stop())));

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

/**
 * Checks that the document of an application allows an answer: its status, its type and its body. Fails the test if not.
 * @param path as in the document, `/api/sweeps/{name}`.
 */
export async function expectDocumented(app: ServiceApp, method: string, path: string, answer: Response): Promise<void> {
  const document = documentOf(app);
  const operation = (document.paths?.[path] as Record<string, Operation> | undefined)?.[method.toLowerCase()];
  const documented = operation?.responses[String(answer.status)];
  const text = await answer.clone().text();
  const type = answer.headers.get("content-type")?.replace(/;.*/, "");
  expect({ path, status: answer.status, isDocumented: documented !== undefined, text }).toMatchObject({
    isDocumented: true,
  });
  if (documented?.content === undefined) return expect(text).toBe("");
  expect(Object.keys(documented.content)).toContain(type);
  if (!type?.endsWith("json")) return;
  const schema = withDefinitions(documented.content[type]?.schema ?? {}, document.components);
  const parsed = z.fromJSONSchema(schema as never).safeParse(JSON.parse(text));
  expect({ path, status: answer.status, text, issues: parsed.error?.issues ?? [] }).toMatchObject({ issues: [] });
}

/** A schema with the components that it names, as JSON Schema has them. */
function withDefinitions(schema: object, components: { readonly schemas?: object } | undefined): object {
  const moved = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll("#/components/schemas/", "#/$defs/"));
  return { ...moved(schema), $defs: moved(components?.schemas ?? {}) };
}

/** A submission that is right. */
export const submission = { evaluation: { name: "collatz" }, total: 100, size: "large" };
/** The status of a refusal, and its reason. */
export const detailOf = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { detail: string }).detail,
];
