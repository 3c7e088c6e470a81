import { existsSync } from "node:fs";
import { join } from "node:path";
import { TemporaryError } from "../../worker/src/contract/errors.ts";
import { closeWhenComplete } from "../../worker/src/engine/closing.ts";
import { lookForDeadLetters } from "../../worker/src/engine/dead-letters.ts";
import { QueuedRun } from "../../worker/src/engine/queued-run.ts";
import {
  closeSubmitted,
  nameOfRun,
  reopenSubmission,
  type Submission,
  submit,
} from "../../worker/src/engine/submit.ts";
import { waitUntilComplete } from "../../worker/src/engine/waiting.ts";
import { type Range, union } from "../../worker/src/parameters/ranges.ts";
import type { Delivery } from "../../worker/src/queue/message-queue.ts";
import type { QueueMessage, RangeMessage } from "../../worker/src/queue/messages.ts";
import { verify } from "../../worker/src/results/verify.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { MemoryQueue } from "../support/memory-queue.ts";
import { evaluated, storeAll, testIdentity } from "../support/stores.ts";
import { temporaryDirectory } from "../support/sweep.ts";

/** A queue that answers a poll at once. */
class TestQueue extends MemoryQueue {
  /** Called before messages are taken. An error that it throws is the queue's. */
  onSend: () => void | Promise<void> = () => {};
  /** Requests to send. */
  sends = 0;

  get ranges(): RangeMessage[] {
    return this.waiting as RangeMessage[];
  }

  override async send(messages: readonly QueueMessage[]): Promise<void> {
    this.sends++;
    await this.onSend();
    await super.send(messages);
  }

  override async receive(most: number, waitSeconds: number): Promise<Delivery[]> {
    return this.waiting.length === 0 ? [] : super.receive(most, waitSeconds);
  }

  /** Takes all messages out of it. */
  async empty(): Promise<void> {
    for (const delivery of await this.receive(this.waiting.length, 0)) await this.delete(delivery);
  }
}

const directory = temporaryDirectory();
const TOTAL = 100_000;
const identity = testIdentity(TOTAL, 1_000, ["value"]);
const sizes = { slots: 2, maxExecutors: 50, executors: 3 };
let runs = 0;

/** A run that is in its store, and was not submitted. Its place is a directory in the place of a bucket. */
async function created(): Promise<Submission> {
  const store = await openStore(`file:${join(directory, `run-${runs++}`)}`);
  await store.create(identity, undefined);
  const load = () => Promise.reject(new Error("no sample is needed"));
  const run = new QueuedRun(store);
  return { name: "run", run, identity, settings: { maxFailures: 7 }, modulePath: undefined, load, close: () => {} };
}

const commit = ({ run }: Submission, { start, count }: Range) =>
  storeAll(
    run.store,
    identity,
    Array.from({ length: count / 1_000 }, (_, at) => evaluated(start + at * 1_000, 1_000, 1)),
  );
const everything = [{ start: 0, count: TOTAL }];

describe("a submission", () => {
  test("has everything in the bucket before the first message", async () => {
    const submission = await created();
    const queue = new TestQueue();
    const settings: unknown[] = [];
    queue.onSend = async () => void settings.push((await submission.run.read()).settings);
    const sent = await submit(submission, queue, sizes);
    expect(sent).toEqual({
      committed: 0,
      pending: TOTAL,
      sizing: { coreSeconds: undefined, isLeast: false, executors: 3 },
      messages: 20,
      isUnderWay: false,
    });
    expect(settings).toEqual([{ maxFailures: 7 }, { maxFailures: 7 }]);
    expect(union(queue.ranges)).toEqual(everything);
    expect(new Set(queue.ranges.map(({ run }) => run))).toEqual(new Set(["run"]));
  });

  test("tells how many messages it has sent, ten with each request", async () => {
    const queue = new TestQueue();
    const told: [number, number][] = [];
    await submit(await created(), queue, { ...sizes, executors: 4, onSent: (...numbers) => told.push(numbers) });
    expect(queue.sends).toBe(3);
    expect(told.map(([sent]) => sent)).toEqual([10, 20, 25]);
    expect(told.every(([, messages]) => messages === 25)).toBe(true);
  });

  test("that fails half-way is repeated, and sends only what is missing", async () => {
    const submission = await created();
    const queue = new TestQueue();
    queue.onSend = () => {
      if (queue.sends === 2) throw new TemporaryError("away");
    };
    await expect(submit(submission, queue, sizes)).rejects.toThrow("away");
    await commit(submission, { start: 0, count: 30_000 });
    expect(queue.waiting.length).toBeGreaterThan(0);
    await queue.empty();
    const { committed, pending } = await submit(submission, queue, sizes);
    expect({ committed, pending }).toEqual({ committed: 30_000, pending: 70_000 });
    expect(union(queue.ranges)).toEqual([{ start: 30_000, count: 70_000 }]);
  });

  test("that is repeated while its messages are in the queue sends none, unless it must", async () => {
    const submission = await created();
    const queue = new TestQueue();
    await submit(submission, queue, sizes);
    const { length } = queue.waiting;
    await commit(submission, { start: 0, count: 30_000 });
    const repeated = await submit(submission, queue, sizes);
    expect(repeated).toMatchObject({ committed: 30_000, pending: 70_000, messages: 0, isUnderWay: true });
    expect(queue.waiting).toHaveLength(length);
    const forced = await submit(submission, queue, { ...sizes, again: true });
    expect(forced.isUnderWay).toBe(false);
    expect(queue.waiting).toHaveLength(length + forced.messages);
    await queue.empty();
    expect(await submit(submission, queue, sizes)).toMatchObject({ pending: 70_000, isUnderWay: false });
    expect(union(queue.ranges)).toEqual([{ start: 30_000, count: 70_000 }]);
  });

  test("lets a run go on that was stopped, also while its messages are in the queue", async () => {
    const submission = await created();
    const queue = new TestQueue();
    await submit(submission, queue, sizes);
    await submission.run.stop("failed", "too many failures");
    expect(await submit(submission, queue, sizes)).toMatchObject({ messages: 20, isUnderWay: false });
    expect((await submission.run.read()).stop).toBeUndefined();
    expect(queue.waiting).toHaveLength(40);
  });

  test("of a stopped run that fails half-way is repeated", async () => {
    const submission = await created();
    const queue = new TestQueue();
    await submit(submission, queue, sizes);
    await submission.run.stop("cancelled", "enough");
    queue.onSend = () => {
      if (queue.sends === 4) throw new TemporaryError("away");
    };
    await expect(submit(submission, queue, sizes)).rejects.toThrow("away");
    expect(queue.waiting).toHaveLength(30);
    expect(await submit(submission, queue, sizes)).toMatchObject({ messages: 20, isUnderWay: false });
  });

  test("of a complete run sends nothing, and asks once for its receipt", async () => {
    const submission = await created();
    const queue = new TestQueue();
    await commit(submission, { start: 0, count: TOTAL });
    expect(await submit(submission, queue, sizes)).toMatchObject({ committed: TOTAL, pending: 0, messages: 0 });
    expect(queue.waiting).toEqual([]);
    expect(await closeSubmitted(submission, queue)).toBe(false);
    expect(queue.waiting).toEqual([{ format: "sweep-close/1", run: "run" }]);
    expect(await submission.run.isAnnounced()).toBe(true);
    await verify(submission.run.store.url);
    expect(await closeSubmitted(submission, queue)).toBe(true);
    expect(queue.waiting).toHaveLength(1);
  });

  test("of a run whose results were deleted withdraws its receipt, and lets executors close it again", async () => {
    const submission = await created();
    const queue = new TestQueue();
    await submission.run.announceComplete();
    await submission.run.store.note("receipt.json").write("{}");
    expect(await submission.run.hasReceipt()).toBe(true);
    await submit(submission, queue, sizes);
    expect(await submission.run.hasReceipt()).toBe(false);
    await queue.empty();
    await commit(submission, { start: 0, count: TOTAL });
    await closeWhenComplete(submission.run, submission.name, queue);
    expect(queue.waiting).toEqual([{ format: "sweep-close/1", run: "run" }]);
    await closeWhenComplete(submission.run, submission.name, queue);
    expect(queue.waiting).toHaveLength(1);
  });

  test("that ends while it withdraws a receipt leaves no table behind when it is repeated", async () => {
    const { run } = await created();
    const { store } = run;
    for (const file of ["receipt.json", "results.parquet"]) await store.note(file).write("{}");
    const noteOf = store.note.bind(store);
    let removals = 0;
    jest.spyOn(store, "note").mockImplementation((file) => {
      const note = noteOf(file);
      const remove = () => (++removals === 2 ? Promise.reject(new Error("it has ended")) : note.remove());
      return { read: () => note.read(), write: (text) => note.write(text), remove };
    });
    await expect(run.withdrawReceipt()).rejects.toThrow("it has ended");
    await run.withdrawReceipt();
    expect(await noteOf("results.parquet").read()).toBeUndefined();
    expect(await noteOf("receipt.json").read()).toBeUndefined();
  });

  test("is read again from the bucket alone", async () => {
    const submission = await created();
    const { url } = submission.run.store;
    await expect(reopenSubmission(url, {})).rejects.toThrow(`${url} holds no submitted run: it has no sweep.json`);
    await submit(submission, new TestQueue(), sizes);
    const again = await reopenSubmission(url, {});
    expect(again).toMatchObject({
      name: nameOfRun(url),
      identity,
      settings: { maxFailures: 7 },
      modulePath: undefined,
    });
  });
});

describe("waiting for a run", () => {
  const queue = new TestQueue();
  const silent = { queue, onStalled: () => {}, onTrouble: () => {}, pauseMs: () => 10 };

  test("ends when everything is committed, and counts what was computed meanwhile", async () => {
    const submission = await created();
    await submit(submission, queue, sizes);
    await commit(submission, { start: 0, count: 40_000 });
    const told: { readonly done: number; readonly computed: number }[] = [];
    await waitUntilComplete(submission.run, {
      ...silent,
      onProgress: (progress) => {
        told.push(progress);
        if (told.length === 1) void commit(submission, { start: 40_000, count: 60_000 });
      },
    });
    expect(told[0]).toEqual({ totalParameters: TOTAL, done: 40_000, computed: 0, failed: 0 });
    expect(told.at(-1)).toMatchObject({ done: TOTAL, computed: 60_000 });
  });

  test("says when nothing moves, and ends with the reason when the run is stopped", async () => {
    const submission = await created();
    await submit(submission, new TestQueue(), sizes);
    const counts: unknown[] = [];
    const waiting = waitUntilComplete(submission.run, {
      ...silent,
      queue: new TestQueue(),
      stalledAfterMs: 0,
      onProgress: () => {},
      onStalled: (_, found) => {
        counts.push(found);
        void submission.run.stop("cancelled", "enough");
      },
    });
    const error = await waiting.catch((reason) => reason);
    expect(error.exitCode).toBe(42);
    const { stop } = await submission.run.read();
    expect(error.message).toBe(`${submission.run.store.url}: cancelled at ${stop?.at}: enough`);
    expect(counts).toEqual([{ waiting: 0, inFlight: 0, delayed: 0 }]);
  });

  test("goes on while the bucket is away", async () => {
    const submission = await created();
    await submit(submission, queue, sizes);
    await commit(submission, { start: 0, count: TOTAL });
    const { run } = submission;
    const progress = run.store.progress.bind(run.store);
    let asked = 0;
    run.store.progress = () => (asked++ === 0 ? Promise.reject(new TemporaryError("SlowDown")) : progress());
    const troubles: string[] = [];
    await waitUntilComplete(run, {
      ...silent,
      onProgress: () => {},
      onTrouble: ({ message }) => troubles.push(message),
    });
    expect(troubles).toEqual(["SlowDown"]);
  });
});

test("dead messages of a run are found among others, and stay", async () => {
  const queue = new TestQueue();
  const range = (run: string, start: number) => ({ format: "sweep-range/1", run, start, count: 10 }) as const;
  const close = { format: "sweep-close/1", run: "a" } as const;
  // A range that was submitted twice may die twice.
  const messages = [range("a", 20), range("b", 0), '"nonsense"', close, range("a", 0), range("a", 20)];
  for (const message of messages) queue.add(message, 5);
  const { ofRun, others } = await lookForDeadLetters(queue, "a");
  expect(ofRun.map(({ message, receives }) => [message, receives])).toEqual([
    [close, 6],
    [range("a", 0), 6],
    [range("a", 20), 6],
    [range("a", 20), 6],
  ]);
  expect(new Set(ofRun.map(({ delivery }) => delivery.handle)).size).toBe(4);
  expect(others).toBe(2);
  expect(queue.events).toEqual([]);
  queue.expire();
  expect(queue.waiting).toHaveLength(messages.length);
});

test("nothing is created for a look at a run that was not submitted", async () => {
  const submission = await created();
  expect(await submission.run.find()).toBeUndefined();
  expect(existsSync(join(submission.run.store.url.replace("file:", ""), "sweep.json"))).toBe(false);
});
