import { type ExecutorOptions, runExecutor } from "../../worker/src/engine/executor.ts";
import { QueuedRun } from "../../worker/src/engine/queued-run.ts";
import { type Range, union } from "../../worker/src/parameters/ranges.ts";
import { rangeMessage } from "../../worker/src/queue/messages.ts";
import { verify } from "../../worker/src/results/verify.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { FakeS3 } from "./fake-s3.ts";
import type { MemoryQueue } from "./memory-queue.ts";
import { prepareQueuedRun, type TestRun } from "./queued-runs.ts";
import { temporaryDirectory, writeEvaluation } from "./sweep.ts";
import { until } from "./until.ts";

/* Executors in the process of a test, with a bucket in it that starts before the tests of the file, and stops after them. */

export const directory = temporaryDirectory();
export const root = "s3://bucket/runs";
export let s3: FakeS3;
let runs = 0;
/** Those of a test. A failed test stops none itself, and a Jest of one process would wait for them for ever. */
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  s3 = await FakeS3.start();
  s3.pageSize = 1_000;
  Object.assign(process.env, s3.environment, { AWS_MAX_ATTEMPTS: "1" });
});
afterEach(async () => {
  s3.fault = () => undefined;
  await Promise.allSettled(stops.splice(0).map((stop) => stop()));
});
afterAll(() => s3.stop());

export const double = writeEvaluation(
  directory,
  "double",
  "export const evaluate = (parameter: number) => 2 * parameter;",
);
/** Takes 10 ms for each parameter. */
export const slow = writeEvaluation(
  directory,
  "slow",
  `const never = new Int32Array(new SharedArrayBuffer(4));
   export function evaluate(parameter: number) { Atomics.wait(never, 0, 0, 10); return parameter; }`,
);

/** A run in the bucket that has no messages yet. */
export async function submitted(evaluation: string, options: Partial<TestRun> = {}) {
  const name = options.name ?? `run-${++runs}`;
  await prepareQueuedRun(root, { name, evaluation, total: 100, batchSize: 10, ...options });
  const store = await openStore(`${root}/${name}`);
  const run = new QueuedRun(store);
  return {
    name,
    run,
    message: (start: number, count: number) => rangeMessage(name, { start, count }),
    /** The ranges that are committed. */
    committed: () =>
      union(
        [...s3.objects.keys()].flatMap((key) => {
          const [, start, count] = new RegExp(`^runs/${name}/blocks/(\\d+)-(\\d+)\\.block$`).exec(key) ?? [];
          return start === undefined ? [] : [{ start: Number(start), count: Number(count) }];
        }),
      ),
    verified: () => verify(store.url),
  };
}

/** An executor in this process. */
export function execute(queue: MemoryQueue, options: Partial<ExecutorOptions> = {}) {
  const stopping = new AbortController();
  const log: string[] = [];
  const note = (_: object, message: string) => log.push(message);
  const finished = runExecutor({
    queue,
    leaseSeconds: 60,
    resultsRoot: root,
    slots: 1,
    sliceSeconds: 30,
    stopGraceSeconds: 5,
    memoryLimitMiB: undefined,
    s3RequestTimeoutMs: 5_000,
    log: { info: note, warn: note },
    signal: stopping.signal,
    ...options,
  });
  finished.catch(() => {});
  const stop = () => {
    stopping.abort();
    return finished;
  };
  stops.push(stop);
  return { log, finished, stop };
}

/** Waits until the queue has neither messages nor work, and stops the executor. */
export async function untilEmpty(queue: MemoryQueue, executor: ReturnType<typeof execute>): Promise<void> {
  await until(() => queue.waiting.length === 0 && queue.inFlight === 0);
  await executor.stop();
}

/** Adds `commit <run>` to the events of the queue whenever results are written. */
export function recordCommits(queue: MemoryQueue): void {
  s3.fault = ({ method, key }) => {
    const [, run] = /^runs\/([^/]+)\/blocks\//.exec(key) ?? [];
    if (method === "PUT" && run !== undefined) queue.events.push(`commit ${run}`);
    return undefined;
  };
}

/**
 * The events from the first commit on ({@link recordCommits}). On a busy machine a short slice may end before its first parameter begins:
 * its message is replaced as a whole, and tells nothing.
 */
export function sinceCommit({ events }: MemoryQueue): string[] {
  const first = events.findIndex((event) => event.startsWith("commit"));
  return first < 0 ? [] : events.slice(first);
}

/** The ranges that were sent, in order. */
export function sentIn(events: readonly string[]): Range[] {
  const sent = events.filter((event) => event.startsWith("send"));
  return sent.map((event) => JSON.parse(event.slice("send ".length)));
}

/** The ranges of messages. */
export const rangesOf = (messages: readonly unknown[]) => messages as readonly Range[];
