import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readPage } from "../../../worker/src/service/page-files.ts";
import { post, startTestServer, testApp, testServices, testSweep } from "../../support/service.ts";
import { temporaryDirectory } from "../../support/sweep.ts";
import { until } from "../../support/until.ts";

const directory = temporaryDirectory();
const submission = { evaluation: { name: "collatz" }, total: 100, size: "large" };

describe("the page", () => {
  const folder = join(directory, "page");
  mkdirSync(folder);
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Sweeps</title>");
  writeFileSync(join(folder, "page.js"), "export {};");
  const { request } = testApp({ page: readPage(folder) });

  test("its files have types, and come from memory alone", async () => {
    const index = await request("/");
    expect([index.status, index.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await index.text()).toBe("<!doctype html><title>Sweeps</title>");
    expect((await request("/page.js")).headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    writeFileSync(join(folder, "late.js"), "");
    for (const path of ["/late.js", "/index.html/", "/..%2fpage.js", "/%2e%2e/page/page.js", "/page.js/"])
      expect([path, (await request(path)).status]).toEqual([path, 404]);
  });

  test("a browser asks whether its copy is right, and gets nothing if so", async () => {
    const first = await request("/page.js");
    expect(first.headers.get("cache-control")).toBe("no-cache");
    const headers = { "if-none-match": `"other", W/${first.headers.get("etag")}` };
    const second = await request("/page.js", { headers });
    expect([second.status, await second.text()]).toEqual([304, ""]);
    expect((await request("/", { headers })).status).toBe(200);
  });

  test("its files are compressed for those who take that, each with a tag of its own", async () => {
    const script = "const sweep = 1;\n".repeat(1_000);
    writeFileSync(join(folder, "page.js"), script);
    const page = testApp({ page: readPage(folder) });
    const tags = new Set<string | null>();
    for (const [accepted, encoding] of [
      ["br, gzip", "gzip"],
      ["gzip;q=0", null],
      ["gzip;q=0.5", "gzip"],
      ["", null],
    ] as const) {
      const answer = await page.request("/page.js", { headers: { "accept-encoding": accepted } });
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect([accepted, answer.headers.get("content-encoding")]).toEqual([accepted, encoding]);
      expect((encoding === null ? bytes : gunzipSync(bytes)).toString()).toBe(script);
      expect(answer.headers.get("vary")).toBe("Accept-Encoding");
      tags.add(answer.headers.get("etag"));
    }
    expect(tags.size).toBe(2);
  });

  test("a folder without one is an error that tells how to make it", () => {
    expect(() => readPage(join(directory, "nothing"))).toThrow(
      `there is no page in ${join(directory, "nothing")}: build it with npm run build`,
    );
  });
});

/** A frontend before an API. */
async function startBoth(api: Parameters<typeof testServices>[0] = {}) {
  const behind = await startTestServer({ api: testServices(api) });
  const front = await startTestServer({ api: new URL(behind.url) });
  return { behind, front };
}

test("answers of the API come through as they are", async () => {
  const { behind, front } = await startBoth({ submissions: { cancel: async () => {} } });
  const submitted = await fetch(`${front.url}/api/sweeps`, post(submission));
  expect([submitted.status, submitted.headers.get("location")]).toEqual([201, "/api/sweeps/queue:new"]);
  for (const path of [
    "/api/sweeps/queue:b",
    "/api/sweeps/c",
    "/api/sweeps/a/blocks?cells=0&x=%2f",
    "/api/openapi.json",
  ]) {
    const [through, direct] = await Promise.all([fetch(front.url + path), fetch(behind.url + path)]);
    expect([path, through.status, await through.text()]).toEqual([path, direct.status, await direct.text()]);
    expect(through.headers.get("content-type")).toBe(direct.headers.get("content-type"));
    expect(through.headers.get("cache-control")).toBe("no-store");
  }
  expect((await fetch(`${front.url}/api/sweeps/a/cancel`, post({}))).status).toBe(204);
  expect((await fetch(`${front.url}/api/sweeps`, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(`${front.url}/api/sweeps`, { method: "DELETE" })).status).toBe(405);
});

test("the API learns who is logged in and which host the browser has asked for, but no header of the connection", async () => {
  const seen: Headers[] = [];
  const userOf = async (headers: Headers) => {
    seen.push(new Headers(headers));
    return null;
  };
  const { behind, front } = await startBoth({ login: { userOf } });
  const headers = { "x-amzn-oidc-data": "proof", "x-amzn-oidc-identity": "ada", origin: front.url, te: "trailers" };
  expect((await fetch(`${front.url}/api/sweeps`, post(submission, headers))).status).toBe(201);
  expect(Object.fromEntries(seen[0] ?? [])).toMatchObject({
    "x-amzn-oidc-data": "proof",
    "x-amzn-oidc-identity": "ada",
    "x-forwarded-host": new URL(front.url).host,
    host: new URL(behind.url).host,
    "content-length": String(JSON.stringify(submission).length),
  });
  expect(seen[0]?.get("te")).toBeNull();
  // A host that a client makes up cannot stand for that of the browser.
  const forged = { "x-forwarded-host": "evil.com", origin: "https://evil.com" };
  expect((await fetch(`${front.url}/api/sweeps`, post(submission, forged))).status).toBe(403);
});

test("a body of 4 MB goes through, and one of 6 MB is refused before the API", async () => {
  const { behind, front } = await startBoth();
  const evaluation = { name: "mine", bundle: "x".repeat(4_000_000), columns: ["value"] };
  expect((await fetch(`${front.url}/api/sweeps`, post({ ...submission, evaluation }))).status).toBe(201);
  const before = behind.log.lines.length;
  expect((await fetch(`${front.url}/api/sweeps`, post({ bundle: "x".repeat(6_000_000) }))).status).toBe(413);
  expect(behind.log.lines.length).toBe(before);
});

test("the browser itself follows a link to the bucket", async () => {
  const url = "https://bucket.s3.amazonaws.com/receipt.json?X-Amz-Signature=1";
  const { front } = await startBoth({ monitor: { download: async () => ({ kind: "redirect", url }) } });
  const answer = await fetch(`${front.url}/api/sweeps/a/receipt`, { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([302, url]);
});

test("events come while they happen, and their watch ends with the browser", async () => {
  const watchers = new Set<(sweep: ReturnType<typeof testSweep>) => void>();
  const { front } = await startBoth({
    monitor: {
      watch: (_name, onSweep) => {
        watchers.add(onSweep);
        return () => watchers.delete(onSweep);
      },
    },
  });
  const leaving = new AbortController();
  const asking = fetch(`${front.url}/api/sweeps/a/events`, { signal: leaving.signal });
  await until(() => watchers.size > 0);
  const show = (state: "running" | "complete") => {
    for (const onSweep of watchers) onSweep(testSweep("a", { state }));
  };
  show("running");
  const reader = (await asking).body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain('"state":"running"');
  const reading = reader?.read();
  show("complete");
  expect((await reading)?.value).toContain('"state":"complete"');
  leaving.abort();
  await until(() => watchers.size === 0);
});

test("an API that is away is a problem, and the page stays", async () => {
  const { stop, url } = await startTestServer();
  const front = await startTestServer({ api: new URL(url) });
  await stop(Promise.resolve());
  const answer = await fetch(`${front.url}/api/sweeps`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([502, "application/problem+json"]);
  const { host } = new URL(url);
  expect(await answer.json()).toMatchObject({
    detail: `the API at ${url} cannot be reached (connect ECONNREFUSED ${host}): try again`,
  });
  expect((await fetch(`${front.url}/ready`)).status).toBe(200);
});

test("a look at something is repeated where a replica breaks the connection, and a change is not", async () => {
  let requests = 0;
  const replica = createServer((request, response) => {
    requests++;
    if (request.method === "POST" || requests === 1) request.socket.destroy();
    else response.setHeader("Content-Type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => replica.listen(0, "127.0.0.1", resolve));
  const front = await startTestServer({ api: new URL(`http://127.0.0.1:${(replica.address() as AddressInfo).port}`) });
  expect((await fetch(`${front.url}/api/sweeps`)).status).toBe(200);
  expect(requests).toBe(2);
  expect((await fetch(`${front.url}/api/sweeps`, post(submission))).status).toBe(502);
  expect(requests).toBe(3);
  replica.closeAllConnections();
  await new Promise((resolve) => replica.close(resolve));
});
