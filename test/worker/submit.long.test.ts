import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import { type ImitatedQueue, ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { canRun } from "../support/required.ts";
import { readReceipt, startSweep, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const ROOT = "s3://bucket/runs/queue";
const define = canRun("sweep submit", "REQUIRE_PYTHON", missingForSqs) ? describe : describe.skip;

define("a run on a queue", () => {
  let sqs: ImitatedSqs;
  let s3: FakeS3;
  let env: Readonly<Record<string, string>>;
  let queues = 0;

  beforeAll(async () => {
    [sqs, s3] = await Promise.all([ImitatedSqs.start(), FakeS3.start()]);
    s3.pageSize = 1_000;
    env = { ...s3.environment, ...sqsEnvironment };
  });
  afterAll(async () => {
    sqs?.stop();
    await s3?.stop();
  });

  const createQueue = () => sqs.createQueue(`dev-large-${++queues}`);
  const run = (...args: readonly string[]) => sweep(args, { env });
  const startSubmit = ({ url }: ImitatedQueue, ...args: readonly string[]) =>
    startSweep(["submit", ...args, "--queue", url, "--results-root", ROOT], { env });

  /** Runs an executor while `use` runs. */
  async function withExecutor(queue: ImitatedQueue, use: () => Promise<void>): Promise<void> {
    const settings = { QUEUE_URL: queue.url, RESULTS_ROOT: ROOT, SLICE_SECONDS: "1", STOP_GRACE_SECONDS: "0" };
    const { child, finished } = startSweep(["executor"], { env: { ...env, ...settings } });
    try {
      await use();
    } finally {
      child.kill("SIGTERM");
      expect((await finished).code).toBe(0);
    }
  }

  const textOf = (url: string, name: string) =>
    s3.objects.get(`${url.replace("s3://bucket/", "")}/${name}`)?.toString();

  test("is submitted, cancelled, resumed, awaited and verified, with the bytes of sweep run", async () => {
    const queue = await createQueue();
    const options = ["--total", "300000", "--batch-size", "1000", "--seed", "5"];
    const local = join(directory, "local");
    const expected = await run("run", "collatz", ...options, "--results", local);

    const submitted = await startSubmit(queue, "collatz", ...options, "--executors", "3", "--name", "life").finished;
    const url = `${ROOT}/life`;
    const follow = `Follow it with  sweep status ${url} --queue ${queue.url}\nStop it with    sweep cancel ${url}\n`;
    expect(submitted).toEqual({
      code: 0,
      signal: null,
      stderr: "",
      stdout: `collatz: 300,000 parameters, seed 5, run life\nResults in ${url}\nSent: 24 messages to ${queue.url}, for 3 executors, with 2 slots each\n${follow}`,
    });
    const status = await run("status", url, "--queue", queue.url, "--dead-letter-queue", queue.deadLetterUrl);
    expect(status.stdout).toBe(
      [
        `collatz, seed 5, in ${url}`,
        "total              300,000",
        "present                  0",
        "failed                   0",
        "remaining          300,000",
        "0 % done",
        "submitted",
        "queue: 24 messages waiting, 0 in work, 0 delayed, those of other runs included",
        "no dead message of this run\n",
      ].join("\n"),
    );

    const cancelled = await run("cancel", url, "--reason", "the wrong seed");
    expect(cancelled.stdout).toBe(
      `Cancelled ${url}: executors end the part in work, commit it, and delete the messages of the run.\nsweep resume ${url} --queue <url> goes on with it.\n`,
    );
    const { stop } = JSON.parse(textOf(url, "sweep.json") ?? "");
    const why = `cancelled at ${stop.at}: the wrong seed`;
    expect((await run("cancel", url)).stdout).toBe(`${url}: already ${why}\n`);
    expect((await run("status", url)).stdout).toContain(
      `\n0 % done\n${why}\nsweep resume ${url} --queue <url> goes on with it.\n`,
    );
    expect(JSON.parse((await run("status", url, "--json", "--queue", queue.url)).stdout)).toMatchObject({
      present: 0,
      state: "cancelled",
      stop,
      queue: { waiting: 24, inFlight: 0, delayed: 0 },
    });

    await withExecutor(queue, async () => {
      await until(async () => (await sqs.count(queue.url)) === 0);
      expect([...s3.objects.keys()].filter((key) => key.includes("life/blocks/"))).toEqual([]);
      const resumed = await run("resume", url, "--queue", queue.url, "--executors", "1", "--wait");
      expect(resumed).toMatchObject({ code: 0, stderr: "" });
      const lines = resumed.stdout.split("\n");
      expect(lines.slice(0, 3)).toEqual([
        "collatz: 300,000 parameters, seed 5, run life",
        `Results in ${url}`,
        `Sent: 8 messages to ${queue.url}, for 1 executor, with 2 slots each`,
      ]);
      // From the summary on, it prints what sweep run prints.
      expect(summaryOf(resumed.stdout)).toEqual(summaryOf(expected.stdout));
    });
    // A slice may end within a block, which then has two objects.
    const { blocks: _, ranges: __, ...proved } = readReceipt(local);
    expect(JSON.parse(textOf(url, "receipt.json") ?? "")).toMatchObject(proved);
    expect((await run("status", url)).stdout).toContain("\n100 % done\ncomplete and verified: receipt.json\n");

    const again = await run("resume", url, "--queue", queue.url);
    expect(again.stdout).toContain(
      `Resuming: 300,000 parameters are committed already.\nComplete and verified: ${url}/receipt.json\n`,
    );
    expect((await run("cancel", url)).stdout).toBe(`${url} is complete: there is nothing to cancel\n`);
    expect(await sqs.drain(queue.url)).toEqual([]);
  });

  test("goes on after Ctrl-C, closes without anybody waiting, and is the same run when it is submitted again", async () => {
    const queue = await createQueue();
    const options = ["prime", "--total", "4000", "--batch-size", "10", "--simulate-work-ms", "2", "--wait"];
    const waiting = startSubmit(queue, ...options);
    await until(() => waiting.output().includes("Stop it with"));
    const [, url = ""] = /^Results in (\S+)$/m.exec(waiting.output()) ?? [];
    expect(url).toMatch(/^s3:\/\/bucket\/runs\/queue\/prime-[0-9a-f]{8}$/);
    // 8 s of one core: one message, because more would not be worth a machine.
    expect(waiting.output()).toMatch(
      /^Estimate: \S+ s of one core for 4,000 parameters, from a sample on this machine$/m,
    );
    expect(waiting.output()).toMatch(/^Sent: \d messages? to \S+, for 1 executor, with 2 slots each$/m);
    await withExecutor(queue, async () => {
      await until(() => [...s3.objects.keys()].some((key) => key.includes("prime-") && key.includes("/blocks/")));
      waiting.child.kill("SIGINT");
      const { code, stdout } = await waiting.finished;
      expect(code).toBe(130);
      expect(stdout).toContain(
        `The executors go on with ${url.slice(ROOT.length + 1)}. The same command waits for it again.\nFollow it with  sweep status ${url} --queue ${queue.url}\nStop it with    sweep cancel ${url}\n`,
      );
      await until(() => textOf(url, "receipt.json") !== undefined);
      await until(async () => (await sqs.count(queue.url)) === 0);
    });
    const again = await startSubmit(queue, ...options).finished;
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toContain("Resuming: 4,000 parameters are committed already.\nTotal: 4,000 parameters");
    expect(again.stdout).toContain("Computed: nothing, every parameter was committed already\n");
  });

  test("ends a wait with its reason when it fails, and when it is cancelled", async () => {
    const queue = await createQueue();
    const bad = writeEvaluation(directory, "bad", 'export const evaluate = () => { throw new Error("no") };\n');
    await withExecutor(queue, async () => {
      const options = ["--total", "1000000", "--batch-size", "10", "--executors", "1", "--max-failures", "3", "--wait"];
      const failed = await startSubmit(queue, bad, ...options).finished;
      const [, url = ""] = /^Results in (\S+)$/m.exec(failed.stdout) ?? [];
      const { stop } = JSON.parse(textOf(url, "sweep.json") ?? "");
      expect(stop).toMatchObject({ kind: "failed", reason: expect.stringContaining("more than 3 parameters failed") });
      expect(failed).toMatchObject({ code: 42, stderr: `error: ${url}: failed at ${stop.at}: ${stop.reason}\n` });
      expect(failed.stdout).toMatch(/\nsweep resume \S+ --queue \S+ goes on with bad-[0-9a-f]{8}\.\n$/);
    });
    const waiting = startSubmit(queue, "collatz", "--total", "1000", "--executors", "1", "--name", "c", "--wait");
    await until(() => waiting.output().includes("Stop it with"));
    await run("cancel", `${ROOT}/c`);
    const { code, stderr } = await waiting.finished;
    expect({ code, stderr: withoutTimes(stderr) }).toEqual({
      code: 42,
      stderr: `error: ${ROOT}/c: cancelled at <time>: sweep cancel\n`,
    });
  });

  test("that another command has computed is closed by whoever waits for it, without an executor", async () => {
    const queue = await createQueue();
    const [options, url] = [["collatz", "--total", "1000"], `${ROOT}/computed`];
    expect((await run("run", ...options, "--results", url)).code).toBe(0);
    s3.objects.delete("runs/queue/computed/receipt.json");
    const first = await startSubmit(queue, ...options, "--name", "computed").finished;
    expect(first.stdout).toContain(
      `Complete. An executor verifies it and writes the receipt; sweep verify ${url} does it here.\n`,
    );
    expect(await sqs.drain(queue.url)).toEqual(['{"format":"sweep-close/1","run":"computed"}']);
    s3.objects.delete("runs/queue/computed/complete.json");
    const waited = await startSubmit(queue, ...options, "--name", "computed", "--wait").finished;
    expect(waited.stdout).toContain("Total: 1,000 parameters, each exactly once, verified");
    expect(textOf(url, "complete.json")).toBeDefined();
    expect(textOf(url, "receipt.json")).toBeDefined();
    expect(await sqs.drain(queue.url)).toEqual([]);
  });

  test("is not submitted when all of its sample fails, and with a warning when some of it does", async () => {
    const queue = await createQueue();
    const none = writeEvaluation(directory, "none", 'export const evaluate = () => { throw new Error("no"); };\n');
    const refused = await startSubmit(queue, none, "--total", "50", "--name", "none").finished;
    expect(refused.code).toBe(42);
    expect(refused.stderr).toMatch(
      /^sampling none on this machine for 5 s\nerror: all 50 parameters of the sample failed. Parameter \d+: Error: no\nerror: sweep replay evaluates one in the foreground, and --executors <number> submits the run without a sample\n$/,
    );
    expect(await sqs.count(queue.url)).toBe(0);
    expect((await run("status", `${ROOT}/none`, "--queue", queue.url)).stdout).toContain(
      "\nnever submitted to a queue: it has no sweep.json\nqueue: 0 messages waiting,",
    );

    const some = writeEvaluation(
      directory,
      "some",
      'export const evaluate = (p: number) => { if (p % 10 === 7) throw new Error("seven"); return p; };\n',
    );
    const submitted = await startSubmit(queue, some, "--total", "50", "--name", "some").finished;
    expect(submitted).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /\nwarning: 5 of 50 parameters of the sample failed, for example parameter \d*7: Error: seven\n$/,
      ),
    });
    // The bucket has everything that a sample needs.
    const resumed = await run("resume", `${ROOT}/some`, "--queue", queue.url);
    expect(resumed).toMatchObject({ code: 0, stderr: submitted.stderr });
    expect(resumed.stdout).toMatch(/^Estimate: \S+ \S+ of one core for 50 parameters, from a sample on this machine$/m);
  });

  test("has its dead messages named, and deleted when it is resumed", async () => {
    const queue = await createQueue();
    await startSubmit(queue, "collatz", "--total", "1000", "--executors", "1", "--name", "dead").finished;
    const url = `${ROOT}/dead`;
    const range = (name: string) => JSON.stringify({ format: "sweep-range/1", run: name, start: 20, count: 10 });
    const close = JSON.stringify({ format: "sweep-close/1", run: "dead" });
    await sqs.send(queue.deadLetterUrl, [range("dead"), range("other"), close, "nonsense"]);
    const dead = ["--dead-letter-queue", queue.deadLetterUrl];
    const { stdout } = await run("status", url, ...dead);
    expect(stdout).toContain(
      `\nsubmitted\n2 dead messages of this run:\n  verification, received 1 time: sweep verify ${url} tells why\n  parameters 20 to 29, received 1 time\n2 dead messages of other runs, versions or programs\nsweep resume ${url} --queue <url> ${dead.join(" ")} deletes those of this run, and sends what is missing again.\n`,
    );
    const json = JSON.parse((await run("status", url, "--json")).stdout);
    expect(json).toMatchObject({ state: "working" });
    expect(json).not.toHaveProperty("deadLetters");
    expect(await sqs.count(queue.deadLetterUrl)).toBe(4);
    // A look hides for ten seconds what it has seen.
    const visible = async () => {
      const counted = await run("status", url, "--json", "--queue", queue.deadLetterUrl);
      return JSON.parse(counted.stdout).queue.waiting;
    };
    await until(async () => (await visible()) === 4);
    const resumed = await run("resume", url, "--queue", queue.url, "--executors", "1", ...dead);
    expect(resumed.stdout).toContain(`Deleted: 2 messages of dead from ${queue.deadLetterUrl}\n`);
    // Its messages are in the queue, and are sent again all the same.
    expect(resumed.stdout).toContain(`Sent: 8 messages to ${queue.url}, for 1 executor`);
    expect(await sqs.count(queue.url)).toBe(16);
    await until(async () => (await visible()) === 2);
    expect((await sqs.drain(queue.deadLetterUrl)).sort()).toEqual(["nonsense", range("other")].sort());
  });

  test("that was interrupted before its messages were sent is submitted by the same command", async () => {
    const queue = await createQueue();
    const options = ["prime", "--total", "100000000", "--name", "early"];
    const { child, finished, output } = startSubmit(queue, ...options);
    await until(() => output().includes("sampling prime"));
    child.kill("SIGINT");
    expect(await finished).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/\nearly is not submitted yet: the same command sends its messages\.\n$/),
    });
    expect(await sqs.count(queue.url)).toBe(0);
    const again = await startSubmit(queue, ...options, "--executors", "1").finished;
    expect(again.stdout).toContain("\nSent: 8 messages to ");
  });

  test("that cannot go on says what to type next", async () => {
    const queue = await createQueue();
    const bad = writeEvaluation(directory, "allbad", 'export const evaluate = () => { throw new Error("no") };\n');
    const url = `${ROOT}/taken`;
    const options = ["--total", "5", "--executors", "1", "--name", "taken"];
    expect((await startSubmit(queue, bad, ...options).finished).code).toBe(0);
    expect(await startSubmit(queue, bad, ...options, "--total", "6").finished).toMatchObject({
      code: 42,
      stdout: "",
      stderr: `error: ${url} holds the results of another run: totalParameters is 5 there and 6 here. Use another place for the results, or the same settings; another --name makes another place\n`,
    });

    const waiting = startSubmit(queue, bad, ...options, "--wait");
    await until(() => waiting.output().includes("Stop it with"));
    try {
      s3.fault = () => 403;
      const { code, stdout, stderr } = await waiting.finished;
      expect({ code, stderr }).toMatchObject({ code: 42, stderr: expect.stringContaining("AccessDenied") });
      expect(stdout).toContain("The executors go on with taken. The same command waits for it again.\nFollow it with");
    } finally {
      s3.fault = () => undefined;
    }

    expect((await run("run", bad, "--total", "5", "--results", url)).code).toBe(42);
    const { code, stderr } = await startSubmit(queue, bad, ...options, "--wait").finished;
    expect(code).toBe(42);
    expect(stderr).toMatch(/ is another run, and to repeat the same one use another --name\n$/);
  });

  test("must exist, and so must its queue and its bucket: everything that is wrong is said at once", async () => {
    const { url, deadLetterUrl } = await createQueue();
    const missing = `${url}-not`;
    const nowhere = `${ROOT}/nowhere`;
    const errorsOf = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await run(...args);
      expect({ args, code, stdout }).toEqual({ args, code: 42, stdout: "" });
      return stderr.replaceAll("error: ", "").trimEnd().split("\n");
    };
    const noQueue = (option: string) =>
      `${option} must be the URL of a queue that exists, got "${missing}": correct the region, the account or the name in it`;
    const noRun = `results must be the place of a submitted run, got "${nowhere}": it has no sweep.json; name the place that sweep submit has printed, or submit the run again`;
    const dead = ["--dead-letter-queue", missing];
    expect(await errorsOf("cancel", nowhere)).toEqual([noRun]);
    expect(await errorsOf("resume", nowhere, "--queue", missing, ...dead)).toEqual([
      noRun,
      noQueue("--queue"),
      noQueue("--dead-letter-queue"),
    ]);
    expect(await errorsOf("status", nowhere, "--queue", missing, ...dead)).toEqual([
      noQueue("--queue"),
      noQueue("--dead-letter-queue"),
    ]);
    expect(await errorsOf("status", nowhere, "--queue", url, "--dead-letter-queue", deadLetterUrl)).toEqual([
      `${nowhere} holds no results: it has no run.json. Name the place that the run has printed (Results in ...)`,
    ]);
    try {
      s3.fault = () => 404;
      expect(await errorsOf("submit", "--queue", missing, "--results-root", ROOT)).toEqual([
        noQueue("--queue"),
        `--results-root must be in a bucket that exists, got "${ROOT}": correct the bucket's name`,
      ]);
    } finally {
      s3.fault = () => undefined;
    }
  });
});

/** The lines about the results. */
const summaryOf = (output: string) => withoutTimes(output.slice(output.indexOf("Total:"))).split("\n");

/** A text without what depends on the machine. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>").replaceAll(/[\d,.]+ (ms|s\b|a second)/g, "<some>");
}
