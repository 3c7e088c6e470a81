import { setTimeout } from "node:timers/promises";
import type { Sweep } from "../../../worker/src/api/sweeps.ts";
import { TemporaryError } from "../../../worker/src/contract/errors.ts";
import { type EventsOptions, eventsOf } from "../../../worker/src/service/events.ts";
import { expectDocumented, startTestServer, testApp, testServices, testSweep } from "../../support/service.ts";
import { until } from "../../support/until.ts";

/** A sweep that a test changes, and who watches it. */
class Watched {
  readonly watchers = new Set<(sweep: Sweep) => void>();
  readonly errors = new Set<(error: unknown) => void>();

  readonly watch = (onSweep: (sweep: Sweep) => void, onError: (error: unknown) => void) => {
    this.watchers.add(onSweep);
    this.errors.add(onError);
    return () => {
      this.watchers.delete(onSweep);
      this.errors.delete(onError);
    };
  };

  show(sweep: Sweep): void {
    for (const onSweep of this.watchers) onSweep(sweep);
  }

  fail(error: unknown): void {
    for (const onError of this.errors) onError(error);
  }
}

function open(watched: Watched, options: Partial<EventsOptions> = {}) {
  const closing = new AbortController();
  return { closing, events: eventsOf(watched.watch, { closing: closing.signal, onStalled: () => {}, ...options }) };
}

const at = (present: number) => testSweep("a", { counts: { ...testSweep("a").counts, present } });
const decoder = new TextDecoder();
const dataOf = (text: string): Sweep => JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "null");

/** The next event or comment. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { done, value } = await reader.read();
  return done ? undefined : decoder.decode(value);
}

test("each event has a name, an identifier and the whole sweep in one line", async () => {
  const watched = new Watched();
  const { events } = open(watched);
  watched.show(at(1));
  const reader = (await events).getReader();
  const text = (await next(reader)) ?? "";
  expect(text).toMatch(/^event: sweep\nid: [0-9a-f]{16}\ndata: \{.*\}\n\n$/);
  expect(dataOf(text)).toEqual(at(1));
});

test("a reader that is slow gets the newest event, and none is kept beside it", async () => {
  const watched = new Watched();
  const { events } = open(watched);
  watched.show(at(1));
  const reader = (await events).getReader();
  for (let present = 2; present <= 1_000; present++) watched.show(at(present));
  expect(dataOf((await next(reader)) ?? "").counts.present).toBe(1_000);
  const reading = next(reader);
  watched.show(at(1_001));
  expect(dataOf((await reading) ?? "").counts.present).toBe(1_001);
});

test("a reader that comes back does not get again what it has", async () => {
  const watched = new Watched();
  const first = open(watched);
  watched.show(at(1));
  const [, id] = /id: (.*)\n/.exec((await next((await first.events).getReader())) ?? "") ?? [];
  const second = open(watched, { lastEventId: id });
  // The identifier is that of the content, so that another replica knows it.
  watched.show(at(1));
  const reading = next((await second.events).getReader());
  watched.show(at(2));
  expect(dataOf((await reading) ?? "").counts.present).toBe(2);
});

test("a comment keeps the connection while nothing happens", async () => {
  const watched = new Watched();
  const { events } = open(watched, { commentEveryMs: 5 });
  watched.show(at(1));
  const reader = (await events).getReader();
  await next(reader);
  expect([await next(reader), await next(reader)]).toEqual([": still here\n\n", ": still here\n\n"]);
  expect(watched.watchers.size).toBe(1);
});

test("an error of the first look is the answer, and a later one passes", async () => {
  const watched = new Watched();
  const error = new TemporaryError("the bucket is away");
  const failing = open(watched);
  watched.fail(error);
  await expect(failing.events).rejects.toBe(error);
  expect(watched.watchers.size).toBe(0);
  const { events } = open(watched);
  watched.show(at(1));
  const reader = (await events).getReader();
  watched.fail(error);
  expect(dataOf((await next(reader)) ?? "").counts.present).toBe(1);
});

test("a first look that does not end is an error, and nobody watches any more", async () => {
  const watched = new Watched();
  await expect(open(watched, { firstWithinMs: 5 }).events).rejects.toMatchObject({ status: 503, retryAfterSeconds: 5 });
  expect(watched.watchers.size).toBe(0);
});

test("a reader that takes nothing is disconnected, and does not watch any more", async () => {
  const watched = new Watched();
  const onStalled = jest.fn();
  const { events } = open(watched, { stalledAfterMs: 5, onStalled });
  watched.show(at(1));
  const stream = await events;
  await setTimeout(50);
  expect([onStalled.mock.calls.length, watched.watchers.size]).toEqual([1, 0]);
  expect(await next(stream.getReader())).toBeUndefined();
});

test("a reader that waits for an event is not one that takes nothing", async () => {
  const watched = new Watched();
  const onStalled = jest.fn();
  const { events } = open(watched, { stalledAfterMs: 5, onStalled });
  watched.show(at(1));
  const reader = (await events).getReader();
  await next(reader);
  const reading = next(reader);
  await setTimeout(50);
  watched.show(at(2));
  expect(dataOf((await reading) ?? "").counts.present).toBe(2);
  expect(onStalled).not.toHaveBeenCalled();
});

test("events end with the server, and with the reader", async () => {
  const watched = new Watched();
  const { closing, events } = open(watched);
  watched.show(at(1));
  const reader = (await events).getReader();
  await next(reader);
  const reading = next(reader);
  closing.abort();
  expect([await reading, watched.watchers.size]).toEqual([undefined, 0]);
  const other = open(watched);
  watched.show(at(1));
  await (await other.events).cancel();
  expect(watched.watchers.size).toBe(0);
});

test("a reader without an event is refused when the server stops, at once", async () => {
  const refusal = { status: 503, detail: "this server is stopping: try again" };
  const watched = new Watched();
  const { closing, events } = open(watched);
  closing.abort();
  await expect(events).rejects.toMatchObject(refusal);
  const late = eventsOf(watched.watch, { closing: closing.signal, onStalled: () => {} });
  await expect(late).rejects.toMatchObject(refusal);
  expect(watched.watchers.size).toBe(0);
});

test("the answer is of the documented type, and HEAD watches nothing", async () => {
  const watched = new Watched();
  const services = testServices({ monitor: { watch: (_name, ...callbacks) => watched.watch(...callbacks) } });
  const { app, drain, request } = testApp({ api: services });
  const asking = request("/api/sweeps/a/events");
  await setTimeout(0);
  watched.show(at(1));
  const answer = await asking;
  setImmediate(() => drain.close());
  await expectDocumented(app, "GET", "/api/sweeps/{name}/events", answer);
  expect((await request("/api/sweeps/a/events", { method: "HEAD" })).status).toBe(200);
  expect(watched.watchers.size).toBe(0);
});

test("50 readers over the network share each event, and leave nothing behind", async () => {
  const watched = new Watched();
  const services = testServices({ monitor: { watch: (_name, ...callbacks) => watched.watch(...callbacks) } });
  const { url } = await startTestServer({ api: services });
  const leaving = new AbortController();
  const asking = Array.from({ length: 50 }, () => fetch(`${url}/api/sweeps/a/events`, { signal: leaving.signal }));
  await until(() => watched.watchers.size >= 50);
  watched.show(at(1));
  const readers = await Promise.all(asking.map(async (answer) => (await answer).body?.getReader()));
  const texts = await Promise.all(readers.map((reader) => reader && next(reader)));
  expect(new Set(texts).size).toBe(1);
  leaving.abort();
  await until(() => watched.watchers.size === 0);
});
