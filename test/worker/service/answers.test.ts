import { PermanentError, RefusedError, TemporaryError } from "../../../worker/src/contract/errors.ts";
import { documentOf } from "../../../worker/src/service/document.ts";
import { ProblemError } from "../../../worker/src/service/problems.ts";
import type { SweepServices } from "../../../worker/src/service/sweep-routes.ts";
import { expectDocumented, post, testApp, testServices } from "../../support/service.ts";

const submission = { evaluation: { name: "collatz" }, total: 100, size: "large" };

/** A right request of each operation: its path in the document, and the path and body of the request. */
const operations = [
  ["GET", "/api/environment", "/api/environment"],
  ["GET", "/api/sweeps", "/api/sweeps"],
  ["GET", "/api/sweeps", "/api/sweeps?limit=1&after=x"],
  ["POST", "/api/sweeps", "/api/sweeps", submission],
  ["GET", "/api/sweeps/{name}", "/api/sweeps/queue:b"],
  ["GET", "/api/sweeps/{name}/blocks", "/api/sweeps/a/blocks?cells=7"],
  ["GET", "/api/sweeps/{name}/failures", "/api/sweeps/a/failures?after=2&limit=1"],
  ["GET", "/api/sweeps/{name}/columns/{column}", "/api/sweeps/a/columns/value?from=3&count=4"],
  ["GET", "/api/sweeps/{name}/workers", "/api/sweeps/a/workers"],
  ["POST", "/api/sweeps/{name}/cancel", "/api/sweeps/a/cancel", {}],
  ["POST", "/api/sweeps/{name}/resume", "/api/sweeps/a/resume", { executors: 2 }],
] as const;

test.each(operations)("%s %s: %s has the answer of the document", async (...operation) => {
  const [method, path, target, body] = operation;
  const { app, request } = testApp();
  const answer = await request(target, body === undefined ? {} : post(body));
  expect(answer.ok).toBe(true);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  await expectDocumented(app, method, path, answer);
});

test("each operation of the document was tried here, or has a test of its own", () => {
  const documented = Object.entries(documentOf(testApp().app).paths ?? {}).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const own = ["events", "receipt", "results.parquet"].map((name) => `GET /api/sweeps/{name}/${name}`);
  const tried = new Set([...operations.map(([method, path]) => `${method} ${path}`), ...own]);
  expect(documented.sort()).toEqual([...tried].sort());
});

/** Errors of the stores, and the statuses that answer them. */
const errors = [
  [new TemporaryError("cannot reach s3://bucket"), 503, "5"],
  [new RefusedError("no permission to read s3://bucket"), 502, null],
  [new PermanentError("run.json is damaged"), 409, null],
  [new ProblemError(503, "the cluster does not answer", { retryAfterSeconds: 7 }), 503, "7"],
  [new Error("a bug"), 500, null],
] as const;

test.each(errors)("%s is a problem in every answer", async (error, status, retryAfter) => {
  const fail = async () => {
    throw error;
  };
  const failing = { list: fail, sweep: fail, heatMap: fail, failures: fail, column: fail, download: fail };
  const watch: SweepServices["monitor"]["watch"] = (_name, _onSweep, onError) => {
    onError(error);
    return () => {};
  };
  const services = testServices({
    monitor: { ...failing, watch },
    submissions: { environment: () => fail() as never, submit: fail, cancel: fail, resume: fail },
    workers: fail as never,
  });
  const { app, log, request } = testApp({ api: services });
  const more = ["events", "receipt", "results.parquet"].map((name) => {
    return ["GET", `/api/sweeps/{name}/${name}`, `/api/sweeps/a/${name}`] as const;
  });
  for (const [method, path, target, body] of [...operations, ...more]) {
    if (path === "/api/environment") continue;
    const answer = await request(target, body === undefined ? {} : post(body));
    expect([target, answer.status]).toEqual([target, status]);
    expect(answer.headers.get("retry-after")).toBe(retryAfter);
    await expectDocumented(app, method, path, answer);
    const { detail } = (await answer.json()) as { detail: string };
    // A bug's message may have secrets.
    expect(detail).toBe(
      status === 500 ? "this is a bug of the server, whose log has the reason: report it" : error.message,
    );
  }
  expect(log.lines.some(({ level }) => level === "error")).toBe(status === 500);
});

test("a sweep that is not there is 404 in every answer", async () => {
  const { app, request } = testApp();
  for (const [method, path, target, body] of operations.filter(([, path]) => path.includes("{name}"))) {
    const answer = await request(target.replace(/sweeps\/[^/?]+/, "sweeps/c"), body === undefined ? {} : post(body));
    if (path.endsWith("/workers")) continue;
    expect([path, answer.status]).toEqual([path, 404]);
    expect(await answer.clone().json()).toEqual({
      type: "about:blank",
      status: 404,
      title: "Not Found",
      detail: "there is no sweep c",
    });
    await expectDocumented(app, method, path, answer);
  }
});

const detailOf = async (answer: Response) => [answer.status, ((await answer.json()) as { detail: string }).detail];

/** Wrong requests, and what is wrong with each. */
const wrong: readonly (readonly [string, string, RequestInit, number, string])[] = [
  [
    "a number in another spelling",
    "/api/sweeps/a/blocks?cells=1e3",
    {},
    400,
    'cells must be a whole number from 1 to 4,096, got "1e3": correct it',
  ],
  [
    "a number that is too large, and an unknown word",
    "/api/sweeps/a/failures?limit=1001&cell=1",
    {},
    400,
    'limit must be a whole number from 1 to 1,000, got "1001": correct it\ncell must be left out, got "1": remove it, or correct its name',
  ],
  ["two values", "/api/sweeps/a/blocks?cells=1&cells=2", {}, 400, 'cells must be a text, got ["1","2"]: correct it'],
  ["an empty value", "/api/sweeps?after=", {}, 400, 'after must be a text of 1 character or more, got "": correct it'],
  [
    "a path as a name",
    "/api/sweeps/..%2Fa",
    {},
    400,
    'name must be a text that matches /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(:[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,2}$/, got "../a": correct it',
  ],
  [
    "a name that is no text",
    "/api/sweeps/%ff%00",
    {},
    400,
    'name must be a text that matches /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(:[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,2}$/, got "%ff%00": correct it',
  ],
  ["a column that is none", "/api/sweeps/a/columns/__proto__", {}, 404, "a has no column __proto__"],
  [
    "a body that is no JSON",
    "/api/sweeps",
    { ...post({}), body: "{" },
    400,
    "the body must be JSON, got something else: send what the document describes",
  ],
  [
    "no body",
    "/api/sweeps/a/cancel",
    { ...post({}), body: null },
    400,
    "the body must be JSON, got something else: send what the document describes",
  ],
  [
    "nothing in the body",
    "/api/sweeps",
    post({}),
    400,
    "evaluation must be an object, got nothing: add it\ntotal must be a number, got nothing: add it\nsize must be a text, got nothing: add it",
  ],
  ["a list as the body", "/api/sweeps", post([]), 400, "the value must be an object, got []: correct it"],
  [
    "wrong values in the body",
    "/api/sweeps",
    post({ evaluation: { name: "x", bundel: "" }, total: 0, size: 3, mode: "jobs", seed: 1.5 }),
    400,
    [
      'evaluation.bundel must be left out, got "": remove it, or correct its name',
      "total must be 1 or more, got 0: correct it",
      "seed must be a whole number, got 1.5: correct it",
      "size must be a text, got 3: correct it",
      'mode must be "queue" or "job", got "jobs": use one of these',
    ].join("\n"),
  ],
  [
    "a bundle without its columns' names",
    "/api/sweeps",
    post({ ...submission, evaluation: { name: "a/b", bundle: "", columns: [] } }),
    400,
    'evaluation.name must be a text that matches /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/, got "a/b": correct it\nevaluation.columns must be a list of 1 or more, got []: correct it',
  ],
  [
    "another method",
    "/api/sweeps/a",
    { method: "DELETE" },
    405,
    "the method of /api/sweeps/a must be GET or HEAD, got DELETE: use one of these",
  ],
  [
    "a path that is none",
    "/api/sweep",
    {},
    404,
    "there is nothing at /api/sweep: GET /api/openapi.json has every path of the API",
  ],
];

test.each(wrong)("%s", async (_name, path, init, status, detail) => {
  const { log, request } = testApp();
  const answer = await request(path, init);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await detailOf(answer)).toEqual([status, detail]);
  expect(log.lines.map(({ level }) => level)).toEqual(["info"]);
});

test("a method that is not allowed is answered with those that are", async () => {
  const post = await testApp().request("/api/sweeps/a", { method: "POST" });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  const answer = await testApp().request("/api/sweeps", { method: "OPTIONS" });
  expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
});

test("the problems of an answer name each value", async () => {
  const answer = await testApp().request("/api/sweeps/a/blocks?cells=0");
  const problem = { path: "cells", allowed: "a whole number from 1 to 4,096", got: '"0"', fix: "correct it" };
  expect(await answer.json()).toMatchObject({ problems: [problem] });
});

test("a new sweep is created at its path, and a known one is found", async () => {
  const { request } = testApp();
  const created = await request("/api/sweeps", post(submission));
  expect([created.status, created.headers.get("location")]).toEqual([201, "/api/sweeps/queue:new"]);
  const submit = async () => ({ name: "queue:new", isNew: false, messages: 0 });
  const known = await testApp({ api: testServices({ submissions: { submit } }) }).request(
    "/api/sweeps",
    post(submission),
  );
  expect([known.status, known.headers.get("location")]).toEqual([200, null]);
});

test("submissions get the checked body with its defaults, and the user", async () => {
  const submit = jest.fn(async () => ({ name: "a", isNew: false, messages: 0 }));
  const cancel = jest.fn(async () => {});
  const resume = jest.fn(submit);
  const login = { userOf: async (headers: Headers) => headers.get("x-user") };
  const { request } = testApp({ api: testServices({ submissions: { submit, cancel, resume }, login }) });
  const asAda = { "x-user": "ada@example.com" };
  await request("/api/sweeps", post(submission, asAda));
  expect(submit).toHaveBeenLastCalledWith({ ...submission, mode: "queue" }, "ada@example.com");
  await request("/api/sweeps/a/cancel", post({}, asAda));
  expect(cancel).toHaveBeenLastCalledWith("a", "cancelled on the page", "ada@example.com");
  await request("/api/sweeps/a/resume", post({ executors: 4 }, asAda));
  expect(resume).toHaveBeenLastCalledWith("a", 4, "ada@example.com");
});

test("nobody gets past a missing login, except to the health of the server", async () => {
  const login = {
    userOf: async () => {
      throw new ProblemError(401, "nobody is logged in");
    },
  };
  const submit = jest.fn();
  const { app, request } = testApp({ api: testServices({ login, submissions: { submit } }) });
  for (const [method, path, target, body] of operations) {
    const answer = await request(target, body === undefined ? {} : post(body));
    expect([target, answer.status]).toEqual([target, 401]);
    await expectDocumented(app, method, path, answer);
  }
  expect((await request("/api/openapi.json")).status).toBe(401);
  expect(submit).not.toHaveBeenCalled();
  expect([(await request("/health")).status, (await request("/ready")).status]).toEqual([200, 200]);
});

test("a line of the log tells who has asked for what", async () => {
  const login = { userOf: async () => "ada@example.com" };
  const { log, request } = testApp({ api: testServices({ login }) });
  await request("/api/sweeps/a?secret=1");
  await request("/health");
  expect(log.lines).toMatchObject([
    { level: "info", fields: { method: "GET", path: "/api/sweeps/a", status: 400, user: "ada@example.com" } },
    { level: "debug", fields: { method: "GET", path: "/health", status: 200 } },
  ]);
});
