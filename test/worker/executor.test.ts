import { existsSync } from "node:fs";
import { join } from "node:path";
import { PermanentError } from "../../worker/src/contract/errors.ts";
import { countOf, union } from "../../worker/src/parameters/ranges.ts";
import { rangeMessage } from "../../worker/src/queue/messages.ts";
import {
  directory,
  double,
  execute,
  rangesOf,
  recordCommits,
  s3,
  sentIn,
  sinceCommit,
  slow,
  submitted,
  untilEmpty,
} from "../support/executor-in-process.ts";
import { MemoryQueue } from "../support/memory-queue.ts";
import { writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

test("a range is computed, and the last one of a run asks for its receipt before its message is deleted", async () => {
  const run = await submitted(double);
  const queue = new MemoryQueue();
  for (const start of [0, 50]) queue.add(run.message(start, 50));
  await untilEmpty(queue, execute(queue));
  const close = { format: "sweep-close/1", run: run.name };
  expect(queue.events).toEqual([
    `delete ${JSON.stringify(run.message(0, 50))}`,
    `send ${JSON.stringify(close)}`,
    `delete ${JSON.stringify(run.message(50, 50))}`,
    `delete ${JSON.stringify(close)}`,
  ]);
  expect(JSON.parse(s3.objects.get(`runs/${run.name}/receipt.json`)?.toString() ?? "")).toMatchObject({
    present: 100,
    failed: 0,
  });
});

test("after a slice the rest is committed, sent and only then deleted, in pieces that hold all that is left", async () => {
  const run = await submitted(slow, { total: 1_000 });
  const queue = new MemoryQueue();
  recordCommits(queue);
  queue.add(run.message(0, 1_000));
  const executor = execute(queue, { sliceSeconds: 0.3 });
  await until(() => sinceCommit(queue).some((event) => event.startsWith("delete")));
  const [, ...rest] = sinceCommit(queue)
    .join("\n")
    .split(/\n(?=send|delete)/);
  const left = sentIn(sinceCommit(queue));
  expect(rest.indexOf(`delete ${JSON.stringify(run.message(0, 1_000))}`)).toBe(left.length);
  expect(left).toHaveLength(8);
  const [first] = union(left);
  expect(union(left)).toEqual([{ start: first?.start, count: 1_000 - (first?.start ?? 0) }]);
  await executor.stop();
  // The stop has given back what was in work.
  expect(union([...run.committed(), ...rangesOf(queue.waiting)])).toEqual([{ start: 0, count: 1_000 }]);
  expect(queue.inFlight).toBe(0);
});

test.each([
  { deaths: undefined, pieces: 1 },
  { deaths: 1, pieces: 8 },
  { deaths: 2, pieces: 8 },
  { deaths: 3, pieces: 100 },
  { deaths: 7, pieces: 100 },
])("a range whose holder has died becomes $pieces messages at once (deaths: $deaths)", async ({ deaths, pieces }) => {
  const run = await submitted(double, { total: 1_000 });
  const queue = new MemoryQueue();
  const message = { ...run.message(100, 900), deaths };
  queue.add(message, 1);
  const executor = execute(queue, { slots: 2 });
  await until(() => queue.events.includes(`delete ${JSON.stringify(message)}`));
  const sent = sentIn(queue.events);
  expect(sent).toMatchObject(Array.from({ length: pieces }, () => ({ deaths: (deaths ?? 0) + 1 })));
  expect(countOf(sent)).toBe(900);
  expect(union(sent)).toEqual([{ start: 100, count: 900 }]);
  await executor.stop();
});

test("the deaths of a parameter are counted from one when it is alone, in parts of a range of any size", async () => {
  const run = await submitted(double, { total: 1_000 });
  const queue = new MemoryQueue();
  const message = { ...run.message(100, 7), deaths: 5 };
  queue.add(message, 1);
  const executor = execute(queue);
  await until(() => queue.events.includes(`delete ${JSON.stringify(message)}`));
  expect(sentIn(queue.events)).toEqual(
    Array.from({ length: 7 }, (_, index) => ({ ...run.message(100 + index, 1), deaths: 1 })),
  );
  await executor.stop();
});

test("a parameter whose holder has died runs alone: what is in work is given back first", async () => {
  const works = join(directory, "works");
  const announced = writeEvaluation(
    directory,
    "announced",
    `import { writeFileSync } from "node:fs";
     const never = new Int32Array(new SharedArrayBuffer(4));
     export function evaluate(parameter: number) {
       writeFileSync(${JSON.stringify(works)}, "");
       Atomics.wait(never, 0, 0, 10);
       return parameter;
     }`,
  );
  const run = await submitted(announced, { total: 1_000 });
  const other = await submitted(double);
  const queue = new MemoryQueue();
  recordCommits(queue);
  const whole = run.message(0, 1_000);
  queue.add(whole);
  const executor = execute(queue, { slots: 2 });
  await until(() => existsSync(works));
  const suspect = { ...other.message(7, 1), deaths: 1 };
  queue.add(suspect);
  await until(() => other.committed().length > 0);
  expect(run.committed()).not.toEqual([]);
  expect(queue.events.indexOf(`commit ${other.name}`)).toBeGreaterThan(
    queue.events.indexOf(`delete ${JSON.stringify(whole)}`),
  );
  await executor.stop();
  expect(other.committed()).toEqual([{ start: 7, count: 1 }]);
  expect(union([...run.committed(), ...rangesOf(queue.waiting)])).toEqual([{ start: 0, count: 1_000 }]);
});

test("a parameter that was alone at three deaths is given up, and is not evaluated again", async () => {
  const run = await submitted(double, { total: 8, batchSize: 8 });
  const queue = new MemoryQueue();
  queue.add({ ...run.message(3, 1), deaths: 3 }, 1);
  queue.add(run.message(0, 3));
  queue.add(run.message(4, 4));
  await untilEmpty(queue, execute(queue));
  const { receipt, failures } = await run.verified();
  expect(receipt).toMatchObject({ present: 7, failed: 1 });
  expect(failures).toMatchObject([{ parameter: 3, kind: "killed" }]);
});

test.each([
  ["no JSON", () => "hello"],
  [
    "another version",
    (name: string) => JSON.stringify({ ...rangeMessage(name, { start: 0, count: 1 }), format: "sweep-range/2" }),
  ],
  ["a run that nobody has submitted", () => JSON.stringify(rangeMessage("nobody", { start: 0, count: 1 }))],
  ["parameters beyond the run", (name: string) => JSON.stringify(rangeMessage(name, { start: 99, count: 2 }))],
])("a message with %s stays in the queue, and the executor goes on", async (_, textOf) => {
  const run = await submitted(double);
  const queue = new MemoryQueue();
  // It is not divided: the queue gives it up at the sixth receive.
  queue.add(textOf(run.name), 4);
  queue.add(run.message(0, 10));
  const executor = execute(queue);
  await until(() => queue.events.length > 0);
  await executor.stop();
  expect(queue.events).toEqual([`delete ${JSON.stringify(run.message(0, 10))}`]);
  expect(queue.inFlight).toBe(1);
  expect(executor.log.filter((line) => line.startsWith("a message stays in the queue"))).toHaveLength(1);
});

test.each(["cancelled", "failed"] as const)("messages of a run that was %s are deleted", async (kind) => {
  const run = await submitted(double);
  await run.run.stop(kind, "for a reason");
  const queue = new MemoryQueue();
  queue.add(run.message(0, 100));
  await untilEmpty(queue, execute(queue));
  expect(queue.events).toEqual([`delete ${JSON.stringify(run.message(0, 100))}`]);
  expect(run.committed()).toEqual([]);
});

test("an executor that loses the lease of a message sends nothing and deletes nothing", async () => {
  const run = await submitted(slow, { total: 1_000 });
  const queue = new MemoryQueue();
  queue.add(run.message(0, 1_000));
  const executor = execute(queue, { leaseSeconds: 1.5 });
  await until(() => queue.inFlight === 1);
  // Somebody else has it now.
  queue.receive = (_most, _wait, signal) =>
    new Promise((none) => signal?.addEventListener("abort", () => none([]), { once: true }));
  queue.expire();
  await until(() => executor.log.includes("the lease of a message has ended: somebody else may have it"));
  await executor.stop();
  expect(queue.events).toEqual([]);
});

test.each(["send", "delete"] as const)(
  "an executor that ends before it can %s leaves a message that is finished by another",
  async (step) => {
    const run = await submitted(slow, { total: 200 });
    const queue = new MemoryQueue();
    queue.add(run.message(0, 200));
    let isDead = false;
    recordCommits(queue);
    queue.fault = (action) => {
      if (action === step && sinceCommit(queue).length > 0) isDead = true;
      // Nothing of a dead process arrives.
      if (isDead) throw new Error("crash");
    };
    const executor = execute(queue, { sliceSeconds: 0.2 });
    await until(() => isDead);
    await executor.stop().catch(() => {});
    expect(run.committed()).not.toEqual([]);
    expect(sentIn(sinceCommit(queue)).length > 0).toBe(step === "delete");
    queue.fault = () => {};
    queue.expire();
    await untilEmpty(queue, execute(queue, { slots: 2 }));
    expect((await run.verified()).receipt).toMatchObject({ present: 200, failed: 0 });
  },
);

test.each(["send", "delete"] as const)(
  "a queue that refuses to %s for a moment gets each message once",
  async (step) => {
    const run = await submitted(slow, { total: 1_000 });
    const queue = new MemoryQueue();
    const message = run.message(0, 1_000);
    queue.add(message);
    recordCommits(queue);
    let refusals = 0;
    queue.fault = (action) => {
      // Somebody deploys another policy, for example.
      if (action === step && sinceCommit(queue).length > 0 && ++refusals === 1)
        throw new PermanentError("AccessDenied");
    };
    const executor = execute(queue, { sliceSeconds: 0.2 });
    await until(() => sinceCommit(queue).includes(`delete ${JSON.stringify(message)}`));
    expect(sentIn(sinceCommit(queue))).toHaveLength(8);
    expect(executor.log).toContain("AccessDenied");
    await executor.stop();
    expect(union([...run.committed(), ...rangesOf(queue.waiting)])).toEqual([{ start: 0, count: 1_000 }]);
  },
);

test.each([
  ["cancelled", { maxFailures: 0 }, "cancelled"],
  ["submitted again with other settings", { maxFailures: 9 }, undefined],
])("an error of a run that was %s meanwhile does not fail it", async (_, settings, kind) => {
  const evaluation = writeEvaluation(
    directory,
    `throws-${kind}`,
    `const never = new Int32Array(new SharedArrayBuffer(4));
     export function evaluate(parameter: number) { if (parameter === 5) throw new Error("odd"); Atomics.wait(never, 0, 0, 100); return parameter; }`,
  );
  const run = await submitted(evaluation, { total: 10, batchSize: 10, settings: { maxFailures: 0 } });
  const queue = new MemoryQueue();
  queue.add(run.message(0, 10));
  const executor = execute(queue);
  // The evaluation works, with the settings of then.
  await until(() => s3.requests.some((request) => request.includes(`runs/${run.name}/evaluation-`)));
  if (kind === "cancelled") await run.run.stop("cancelled", "for a reason");
  else await run.run.submit(settings);
  await untilEmpty(queue, executor);
  expect(executor.log.some((line) => line.includes("before this: more than 0 parameters failed"))).toBe(true);
  expect((await run.run.read()).stop?.kind).toBe(kind);
  expect(s3.objects.has(`runs/${run.name}/receipt.json`)).toBe(kind === undefined);
});
