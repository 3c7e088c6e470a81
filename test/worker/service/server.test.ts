import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { RateLimit } from "../../../worker/src/service/rate-limit.ts";
import { detailOf, post, startTestServer, submission, testApp, testServices } from "../../support/service.ts";
import { until } from "../../support/until.ts";

/** Sends bytes as they are, and returns everything that comes until the other end closes. */
async function exchange(url: string, text: string): Promise<string> {
  const socket = await dial(url);
  socket.write(text);
  return received(socket);
}

async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding("utf8");
  await once(socket, "connect");
  return socket;
}

async function received(socket: Socket): Promise<string> {
  let text = "";
  for await (const part of socket) text += part;
  return text;
}

describe("bodies", () => {
  test("one of 6 MB is refused before it is sent", async () => {
    const submit = jest.fn();
    const { url } = await startTestServer({ api: testServices({ submissions: { submit } }) });
    const lines = ["POST /api/sweeps HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
    const text = await exchange(url, `${lines.join("\r\n")}\r\nContent-Length: 6000000\r\nConnection: close\r\n\r\n{`);
    expect(text).toContain("HTTP/1.1 413 Payload Too Large");
    expect(text).toContain(
      '"detail":"the body must have 5,000,000 bytes or less, got 6,000,000: send a smaller bundle"',
    );
    expect(submit).not.toHaveBeenCalled();
  });

  test("one that was sent anyway is answered, too", async () => {
    const { url } = await startTestServer();
    const answer = await fetch(`${url}/api/sweeps`, post({ bundle: "x".repeat(6_000_000) }));
    expect(answer.status).toBe(413);
  });

  test("one of 4 MB is taken", async () => {
    const submit = jest.fn(async () => ({ name: "a", isNew: true, messages: 0 }));
    const { url } = await startTestServer({ api: testServices({ submissions: { submit } }) });
    const evaluation = { name: "mine", bundle: "x".repeat(4_000_000), columns: ["value"] };
    expect((await fetch(`${url}/api/sweeps`, post({ ...submission, evaluation }))).status).toBe(201);
    expect(submit).toHaveBeenCalledWith({ ...submission, evaluation, mode: "queue" }, null);
  });

  test("one of unknown length is refused, also without its end", async () => {
    const { url } = await startTestServer();
    const lines = ["POST /api/sweeps HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
    const text = await exchange(
      url,
      `${lines.join("\r\n")}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\n{\r\n`,
    );
    expect(text).toContain("HTTP/1.1 411 Length Required");
    expect(text).toContain('"detail":"Content-Length must be given, got a body in chunks: send it whole"');
  });

  test.each([
    ["lists in lists", `${"[".repeat(2_400_000)}${"]".repeat(2_400_000)}`],
    ["names", `{${Array.from({ length: 400_000 }, (_, index) => `"k${index}":1`).join()}}`],
  ])("one that is made of %s alone is refused before it fills the memory", async (_name, body) => {
    const answer = await testApp().request("/api/sweeps", { ...post({}), body });
    expect(await detailOf(answer)).toEqual([
      400,
      "the body must have 1,000 values or fewer, got more: send what the document describes",
    ]);
  });

  test("a bundle may have any characters", async () => {
    const evaluation = { name: "mine", bundle: `${'[{,"\\'.repeat(10_000)}\\`, columns: ["value"] };
    expect((await testApp().request("/api/sweeps", post({ ...submission, evaluation }))).status).toBe(201);
  });

  test("a slow client has more time for it than the answer has", async () => {
    jest.useFakeTimers();
    try {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const sent = { ...post({}), body: readable, duplex: "half" as const };
      const asking = testApp().request("/api/sweeps", sent);
      await jest.advanceTimersByTimeAsync(60_000);
      const writer = writable.getWriter();
      void writer.write(new TextEncoder().encode(JSON.stringify(submission)));
      void writer.close();
      expect((await asking).status).toBe(201);
    } finally {
      jest.useRealTimers();
    }
  });

  test("one that ends too early is no bug of the server", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    const answer = await testApp().request("/api/sweeps", { ...post({}), body, duplex: "half" as const });
    expect(await detailOf(answer)).toEqual([400, "the body has ended too early: send it whole"]);
  });

  test("more than fit into memory are answered with the time of another attempt, and the others go on", async () => {
    const { url } = await startTestServer();
    const head = `POST /api/sweeps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n`;
    const slow = await Promise.all(Array.from({ length: 5 }, () => dial(url)));
    for (const socket of slow) socket.write(`${head}{`);
    await setTimeout(100);
    const answer = await fetch(`${url}/api/sweeps`, post(submission));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await fetch(`${url}/api/sweeps`)).status).toBe(200);
    for (const socket of slow) socket.destroy();
    await setTimeout(100);
    expect((await fetch(`${url}/api/sweeps`, post(submission))).status).toBe(201);
  });
});

test("1,000 submissions at once are all answered: those that a minute allows are taken, and the others know when to come back", async () => {
  const limit = new RateLimit(10);
  const taken: unknown[] = [];
  const submit = async (request: { readonly seed?: number | undefined }) => {
    limit.count(null);
    taken.push(request.seed);
    return { name: "a", isNew: true, messages: 0 };
  };
  const { request } = testApp({ api: testServices({ submissions: { submit } }) });
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, async (_, seed) => {
      const { headers, status } = await request("/api/sweeps", post({ ...submission, seed }));
      return [seed, status, headers.get("retry-after")] as const;
    }),
  );
  const created = answers.filter(([, status]) => status === 201);
  const refused = answers.filter(([, status, retryAfter]) => status === 429 && Number(retryAfter) > 0);
  expect([answers.length, created.length, refused.length]).toEqual([1_000, 10, 990]);
  expect(created.map(([own]) => own).sort()).toEqual(taken.sort());
});

describe("slow clients", () => {
  const slow = [
    ["headers", "GET /api/sweeps HTTP/1.1\r\nHost: loc"],
    [
      "body",
      "POST /api/sweeps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ],
  ] as const;

  test.each(slow)("one that never ends its %s is told so", async (_name, text) => {
    const clientLimits = { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 };
    const { url } = await startTestServer({}, { clientLimits });
    expect(await exchange(url, text)).toContain('"detail":"the request took too long: send it faster"');
  });

  test("they slow nobody", async () => {
    const { url } = await startTestServer();
    const sockets = await Promise.all([...slow, ...slow].map(async ([, text]) => [await dial(url), text] as const));
    for (const [socket, text] of sockets) socket.write(text);
    expect((await fetch(`${url}/api/sweeps`)).status).toBe(200);
    for (const [socket] of sockets) socket.destroy();
  });

  test("the limits are those of the load balancer", async () => {
    const { url } = await startTestServer();
    const { headers } = await fetch(`${url}/health`);
    expect(headers.get("keep-alive")).toBe("timeout=65");
  });
});

test("a proof of the login may be as long as a load balancer makes it", async () => {
  const userOf = async (headers: Headers) => String(headers.get("x-amzn-oidc-data")?.length);
  const { url } = await startTestServer({ api: testServices({ login: { userOf } }) });
  const front = await startTestServer({ api: new URL(url) });
  const headers = { "x-amzn-oidc-data": "x".repeat(50_000), cookie: "y".repeat(8_000) };
  expect(await (await fetch(`${front.url}/api/environment`, { headers })).json()).toMatchObject({ user: "50000" });
});

test("what is no request is answered, and not passed on", async () => {
  const { log, url } = await startTestServer();
  expect(await exchange(url, "HELLO\r\n\r\n")).toContain('"detail":"the request is no HTTP: send one that is"');
  const lines = ["GET /api/sweeps HTTP/1.1", "Host: a b", "Connection: close"];
  expect(await exchange(url, `${lines.join("\r\n")}\r\n\r\n`)).toContain(
    '"detail":"the request cannot be read: its path or its host is malformed"',
  );
  const long = await exchange(url, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`);
  expect(long).toContain('"detail":"the headers are too large: send fewer"');
  expect(log.lines).toEqual([]);
});

describe("stopping", () => {
  /** A promise that a test resolves. */
  function gate() {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { open: () => open(), opened };
  }

  const isReachable = (url: string) =>
    fetch(`${url}/health`).then(
      () => true,
      () => false,
    );

  test("the server is not ready at once, goes on, and then ends every connection in its own time", async () => {
    const [drained, answering] = [gate(), gate()];
    const sweep = async (name: string) => {
      await answering.opened;
      return testServices().monitor.sweep(name);
    };
    const { stop, url } = await startTestServer({ api: testServices({ monitor: { sweep } }) });
    const events = await fetch(`${url}/api/sweeps/a/events`);
    const unused = await dial(url);
    const stopped = stop(drained.opened);
    expect([(await fetch(`${url}/ready`)).status, (await fetch(`${url}/health`)).status]).toEqual([503, 200]);
    const during = await fetch(`${url}/api/sweeps`);
    expect([during.status, during.headers.get("connection")]).toEqual([200, "close"]);
    // It begins before the end, and ends after it.
    const late = fetch(`${url}/api/sweeps/a`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    drained.open();
    expect(await events.text()).toMatch(/^event: sweep\n(.+\n)+\n$/);
    await until(async () => !(await isReachable(url)));
    answering.open();
    expect((await late).status).toBe(200);
    await stopped;
    unused.destroy();
  });

  test("no request of clients that keep their connections is lost while a replica stops and another one takes over", async () => {
    const [first, second] = [await startTestServer(), await startTestServer()];
    const drained = gate();
    let target = first.url;
    const answers: string[] = [];
    let isOver = false;
    const client = async () => {
      while (!isOver) {
        const status = await fetch(`${target}/api/sweeps`).then(
          async (answer) => (await answer.arrayBuffer()) && `${answer.status}`,
          (error) => `${error.cause ?? error}`,
        );
        answers.push(status);
      }
    };
    const clients = Array.from({ length: 5 }, client);
    const more = async () => {
      const { length } = answers;
      await until(() => answers.length >= length + 20);
    };
    await more();
    const stopped = first.stop(drained.opened);
    // The load balancer notices later.
    await more();
    target = second.url;
    await more();
    drained.open();
    await stopped;
    await more();
    isOver = true;
    await Promise.all(clients);
    expect([...new Set(answers)]).toEqual(["200"]);
  });
});

test("a request over HTTP/1.0 without a host is refused", async () => {
  const { url } = await startTestServer();
  const request = httpRequest(url, { setHost: false });
  request.end();
  const [answer] = await once(request, "response");
  expect(answer.statusCode).toBe(400);
});
