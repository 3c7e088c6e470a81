import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { dev } from "../../environments.ts";
import { deployed, hasState, onStacks } from "../support/deployed-workload.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { canRun } from "../support/required.ts";
import { startSweep, sweep, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const ROOT = "s3://bucket/runs/queue";
const testWithTerraform = hasState ? test : test.skip;
const testWithQueue = canRun("npm run submit", "REQUIRE_PYTHON", missingForSqs) && hasState ? test : test.skip;
const submit = (outdir: string, ...args: readonly string[]) => onStacks("submit", outdir, args).finished;

testWithQueue("submit finds the queue in the state, follows, stops, resumes and awaits a run", async () => {
  // Queues of another region than the caller's: the tool must choose the environment's.
  const [sqs, s3] = await Promise.all([ImitatedSqs.start(dev.region), FakeS3.start()]);
  try {
    const queue = await sqs.createQueue("dev-large");
    const env = { ...s3.environment, ...sqsEnvironment, AWS_REGION: "eu-central-1" };
    const large = {
      queueUrl: queue.url,
      deadLetterQueueUrl: queue.deadLetterUrl,
      resultsRoot: ROOT,
      slots: 3,
      max: 5,
    };
    const outdir = deployed(join(directory, "one"), { executors: { large } });
    const run = (...args: readonly string[]) => onStacks("submit", outdir, args, env);
    const url = `${ROOT}/mine`;

    const first = await run(
      "prime",
      "--environment",
      "dev",
      "--total",
      "5000",
      "--batch-size",
      "100",
      "--name",
      "mine",
      "--simulate-work-ms",
      "100",
    ).finished;
    expect(first).toMatchObject({ code: 0, stderr: "sampling prime on this machine for 5 s\n" });
    // 500 s of one core, for executors of three slots.
    expect(first.stdout).toMatch(/^Sent: \d\d messages to \S+, for 1 executor, with 3 slots each$/m);
    const { stdout: text } = await run("status", "mine", "--environment", "dev", "--size", "large").finished;
    expect(text).toMatch(
      /\nsubmitted\nqueue: \d\d messages waiting, 0 in work, 0 delayed, those of other runs included\nno dead message of this run\n$/,
    );
    expect(JSON.parse((await run("status", url, "--environment", "dev", "--json").finished).stdout)).toMatchObject({
      results: url,
      totalParameters: 5_000,
      state: "working",
      deadLetters: { ofRun: [], others: 0 },
    });
    const cancelled = await run("cancel", "mine", "--environment", "dev", "--reason", "too slow").finished;
    expect(cancelled.stdout).toContain(`Cancelled ${url}`);
    expect((await sweep(["status", url], { env })).stdout).toContain(": too slow\n");
    const waiting = run("resume", "mine", "--environment", "dev", "--executors", "2", "--wait");
    await until(() => waiting.output().includes("Stop it with"), 50);
    expect(waiting.output()).toContain(", for 2 executors, with 3 slots each\n");
    // Ctrl-C reaches both processes, and npm sends it once more.
    waiting.child.kill("SIGINT");
    await setTimeout(200);
    expect(waiting.child.exitCode).toBeNull();
    waiting.child.kill("SIGTERM");
    const stopped = await waiting.finished;
    expect(stopped.code).toBe(143);
    expect(stopped.stdout).toContain("The executors go on with mine.");

    // An executor only has to delete its messages.
    expect((await run("cancel", "mine", "--environment", "dev").finished).code).toBe(0);
    const settings = { QUEUE_URL: queue.url, RESULTS_ROOT: ROOT, SLICE_SECONDS: "1", STOP_GRACE_SECONDS: "0" };
    const executor = startSweep(["executor"], { env: { ...env, ...settings, AWS_REGION: dev.region } });
    const done = await run("collatz", "--environment", "dev", "--total", "1000", "--wait", "--executors", "1").finished;
    expect(done.stdout).toContain("Total: 1,000 parameters, each exactly once, verified");
    executor.child.kill("SIGTERM");
    await executor.finished;
  } finally {
    sqs.stop();
    await s3.stop();
  }
});

testWithTerraform("submit needs the size of one of several executors, and executors at all", async () => {
  const size = { queueUrl: "", deadLetterQueueUrl: "", resultsRoot: ROOT, slots: 1, max: 1 };
  const two = deployed(join(directory, "two"), { executors: { large: size, small: size } });
  expect(await submit(two, "--environment", "dev")).toEqual({
    code: 1,
    stdout: "",
    stderr: "error: --size must be large or small, got nothing: name executors of the environment\n",
  });
  expect((await submit(two, "resume", "run", "--environment", "dev", "--size", "gpu")).stderr).toBe(
    'error: --size must be large or small, got "gpu": name executors of the environment\n',
  );
  const none = deployed(join(directory, "none"), { results: {} });
  for (const args of [[], ["status", "run"], ["cancel", "run"], ["resume", "run"]]) {
    expect((await submit(none, ...args, "--environment", "dev")).stderr).toContain(
      "error: dev-workload has no executors; list them as workload.executors in environments.ts, and deploy: npm run deploy -- dev\n",
    );
  }
});

test("submit names the step that must come first", async () => {
  const { code, stderr } = await submit(join(directory, "empty"), "--environment", "dev");
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "error: there is no dev-workload here: run npm run synth, or, if it was never deployed, npm run deploy -- dev\n",
  });
});

test.each([["submit"], ["status", "mine"], ["cancel", "mine"], ["resume", "mine"]])(
  "sweep %s takes an environment, too, in the repository",
  async (...command) => {
    const { code, stderr } = await sweep([...command, "--environment=nowhere"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: environment must be dev or prod, got "nowhere": name one of environments.ts\n',
    });
  },
);
