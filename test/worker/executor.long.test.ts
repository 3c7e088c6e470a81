import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CounterBasedContext } from "../../worker/src/parameters/random.ts";
import { countOf, union } from "../../worker/src/parameters/ranges.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { type ImitatedQueue, ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { prepareQueuedRun } from "../support/queued-runs.ts";
import { canRun } from "../support/required.ts";
import { ShortLeaseExecutors } from "../support/short-lease-executors.ts";
import { readReceipt, sweep, temporaryDirectory, workerEnvironment, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const root = "s3://bucket/runs/queue";
const define = canRun("executors that are killed", "REQUIRE_PYTHON", missingForSqs) ? describe : describe.skip;

const TOTAL = 10_000_000;
const KILLS = 200;
const EXECUTORS = 4;
const AWAY_MS = 30_000;

/** Collatz as a user would write it, which waits for a moment every thousand parameters, so that there is time for deaths. */
const evaluation = writeEvaluation(
  directory,
  "steps",
  `const pause = Number(process.env.PAUSE_MS ?? 0);
   const never = new Int32Array(new SharedArrayBuffer(4));
   let evaluated = 0;
   export function evaluate(parameter: number): number {
     if (pause > 0 && ++evaluated % 1_000 === 0) Atomics.wait(never, 0, 0, pause);
     let steps = 0;
     for (let n = parameter + 1; n > 1; steps++) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
     return steps;
   }`,
);

define("executors that are killed all the time", () => {
  let sqs: ImitatedSqs;
  let s3: FakeS3;
  let queue: ImitatedQueue;
  let executors: ShortLeaseExecutors;

  beforeAll(async () => {
    sqs = await ImitatedSqs.start();
    s3 = await FakeS3.start();
    s3.pageSize = 1_000;
    Object.assign(process.env, s3.environment);
    queue = await sqs.createQueue("killed");
  });
  afterAll(async () => {
    await executors?.stop();
    sqs?.stop();
    await s3?.stop();
  });

  /** The number of committed parameters. */
  const committed = () =>
    countOf(
      union(
        [...s3.objects.keys()].flatMap((key) => {
          const [, start, count] = /^runs\/queue\/killed\/blocks\/(\d+)-(\d+)\.block$/.exec(key) ?? [];
          return start === undefined ? [] : [{ start: Number(start), count: Number(count) }];
        }),
      ),
    );
  const receiptOf = (name: string) => {
    const receipt = s3.objects.get(`runs/queue/${name}/receipt.json`);
    return receipt === undefined ? undefined : JSON.parse(receipt.toString());
  };

  test("leave the bytes of a run on one machine, and nothing in the queue", async () => {
    const { random } = randomly(1);
    const within = (most: number) => Math.floor(random() * most);
    const messages = await prepareQueuedRun(root, { name: "killed", evaluation, total: TOTAL, pieces: 32 });
    const healthy = messages.map((message) => JSON.stringify(message));
    const foreign = [
      "not JSON",
      JSON.stringify({ format: "sweep-range/2", run: "killed", start: 0, count: 1 }),
      JSON.stringify({ format: "sweep-range/1", run: "somebody-else", start: 0, count: 10_000 }),
      JSON.stringify({ format: "sweep-range/1", run: "killed", start: TOTAL - 1, count: 2 }),
    ];
    // In the order of random numbers, every third message twice.
    const sent = [...foreign, ...healthy, ...healthy.filter((_, index) => index % 3 === 0)];
    await sqs.send(queue.url, shuffle(sent, within));

    executors = new ShortLeaseExecutors(join(directory, "executors"), {
      ...s3.environment,
      ...sqsEnvironment,
      QUEUE_URL: queue.url,
      RESULTS_ROOT: root,
      SLICE_SECONDS: "1",
      STOP_GRACE_SECONDS: "2",
      LEASE_SECONDS: "10",
      PAUSE_MS: "20",
    });
    executors.start(EXECUTORS);
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill === KILLS / 2) {
        sqs.goAway();
        await setTimeout(AWAY_MS);
        sqs.comeBack();
      }
      // The kills are spread over the whole run, however fast the machine is.
      await until(() => committed() >= (TOTAL * kill) / (KILLS + 10), 100);
      await setTimeout(within(200));
      executors.kill(within(EXECUTORS), random() < 0.5 ? "SIGKILL" : "SIGTERM");
      if (kill % 10 === 0) await sqs.send(queue.url, [healthy[within(healthy.length)] as string]);
    }
    expect(receiptOf("killed")).toBeUndefined();
    await until(() => receiptOf("killed") !== undefined, 200);
    await until(async () => (await sqs.count(queue.url)) === 0, 200);
    await executors.stop();

    const results = join(directory, "together");
    const env = workerEnvironment({ evaluation, total: TOTAL, results });
    expect(await sweep(["run", evaluation, "--total", String(TOTAL), "--results", results], { env })).toMatchObject({
      code: 0,
    });
    const { columns, presentBitsSha256, present, failed } = readReceipt(results);
    expect(receiptOf("killed")).toMatchObject({ columns, presentBitsSha256, present, failed });
    expect({ present, failed }).toEqual({ present: TOTAL, failed: 0 });

    expect((await sqs.drain(queue.deadLetterUrl)).sort()).toEqual([...foreign].sort());
    const ends = executors.ended.map(({ code, signal }) => signal ?? code);
    // By SIGTERM, too: one that has not begun to listen to it.
    expect(ends.filter((end) => ![0, "SIGKILL", "SIGTERM"].includes(end ?? ""))).toEqual([]);
    expect(ends.length).toBeGreaterThan(KILLS / 2);
    // Under three minutes on two idle cores, most of them for the starts of executors.
  });
});

function randomly(seed: number) {
  const context = new CounterBasedContext(seed);
  context.moveTo(0);
  return context;
}

/** Fisher and Yates's shuffle. */
function shuffle<T>(values: readonly T[], within: (most: number) => number): T[] {
  const shuffled = [...values];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = within(last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
  }
  return shuffled;
}
