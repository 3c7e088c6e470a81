import { detailOf, post, submission, testApp, testServices } from "../../support/service.ts";

describe("hosts", () => {
  const inside = [
    "localhost",
    "localhost:4400",
    "127.0.0.1:8080",
    "[::1]:80",
    "10.0.3.7:8080",
    "api",
    "api.ns.svc",
    "a.localhost",
  ];
  test.each(inside)("%s is one that no other site can be", async (host) => {
    expect((await testApp().request("/api/environment", { headers: { host } })).status).toBe(200);
  });

  const outside = [
    "evil.com",
    "127.0.0.1.evil.com:80",
    "localhost.evil.com",
    "api.svc.evil.com",
    "",
    "a.local",
    "1.2.3.4.5",
  ];
  test.each(outside)("%j is refused: its name may have been made to lead here (DNS rebinding)", async (host) => {
    const { request } = testApp();
    for (const path of ["/api/sweeps", "/", "/nothing"]) {
      const answer = await request(path, { headers: { host } });
      expect(await detailOf(answer)).toEqual([
        421,
        `the host must be 127.0.0.1 or localhost, got ${JSON.stringify(host.replace(/:\d+$/, ""))}: use the address that this server has printed, or start it with --allow-host`,
      ]);
    }
    // Probes name the address of the pod, and a load balancer any host.
    expect((await request("/health", { headers: { host } })).status).toBe(200);
  });

  test("a name that was allowed is known", async () => {
    const { request } = testApp({ hosts: ["Sweeps.example.com"] });
    const statusOf = async (host: string) => (await request("/api/environment", { headers: { host } })).status;
    expect(await Promise.all(["sweeps.example.com", "SWEEPS.example.com:443", "example.com"].map(statusOf))).toEqual([
      200, 200, 421,
    ]);
  });
});

describe("changes", () => {
  const origin = (value: string) => ({ origin: value });
  const foreign = [
    ["another site", origin("https://evil.com")],
    ["another port of this machine", origin("http://localhost:9999")],
    ["a page without an origin, such as a file", origin("null")],
    ["a browser that says so", { "sec-fetch-site": "cross-site" }],
    ["another host of the domain", { "sec-fetch-site": "same-site" }],
  ] as const;
  test.each(foreign)("of %s are refused (CSRF)", async (_name, headers) => {
    const submit = jest.fn();
    const { request } = testApp({ api: testServices({ submissions: { submit, cancel: submit, resume: submit } }) });
    for (const path of ["/api/sweeps", "/api/sweeps/a/cancel", "/api/sweeps/a/resume"]) {
      const answer = await request(path, post(submission, { host: "localhost:4400", ...headers }));
      expect([path, answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([path, 403, null]);
    }
    expect(submit).not.toHaveBeenCalled();
  });

  test("the error names the origin", async () => {
    const answer = await testApp().request("/api/sweeps", post(submission, origin("https://evil.com")));
    expect(await detailOf(answer)).toEqual([
      403,
      'a change must come from the page of this server, got one from "https://evil.com": open that page',
    ]);
  });

  const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""];
  test.each(types)("of the type %j, which a form of any site can send, are refused", async (type) => {
    const { request } = testApp();
    const answer = await request("/api/sweeps", post(submission, { "content-type": type }));
    expect(await detailOf(answer)).toEqual([
      415,
      `Content-Type must be application/json, got ${JSON.stringify(type)}: send the body as JSON`,
    ]);
  });

  const own = [
    ["of the page", { origin: "http://localhost:4400", "sec-fetch-site": "same-origin" }],
    ["of a script", {}],
    ["behind a proxy of ours", { "x-forwarded-host": "sweeps.example.com", origin: "https://sweeps.example.com" }],
    ["with a charset", { "content-type": "application/json; charset=utf-8" }],
  ] as const;
  test.each(own)("%s are taken", async (_name, headers) => {
    const answer = await testApp().request("/api/sweeps", post(submission, { host: "localhost:4400", ...headers }));
    expect(answer.status).toBe(201);
  });

  test("no other site may ask before it sends one", async () => {
    const headers = { ...origin("https://evil.com"), "access-control-request-method": "POST" };
    const answer = await testApp().request("/api/sweeps", { method: "OPTIONS", headers });
    expect(answer.status).toBe(405);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

test("a browser loads nothing from elsewhere, frames it nowhere, and guesses no type", async () => {
  const { request } = testApp();
  for (const path of ["/api/environment", "/api/sweeps/c", "/nothing"]) {
    const { headers } = await request(path);
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
  }
});
