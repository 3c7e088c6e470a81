import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readProgress } from "sweep-worker";
import { startProgram, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const DIST = join(__dirname, "..", "..", "worker", "dist");
const PROGRAM = join(DIST, "evaluation-process.mjs");
let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill("SIGKILL");
});

/** An evaluation process, as a supervisor with this process id would start it. */
function start(supervisor: number): ChildProcess {
  child = fork(PROGRAM, [String(supervisor)], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: [],
  });
  return child;
}

test("an evaluation process whose supervisor ended before it started ends by itself", async () => {
  const supervisor = startProgram(["true"]);
  await supervisor.finished;
  const [, signal] = await once(start(supervisor.child.pid as number), "exit");
  expect(signal).toBe("SIGKILL");
});

test("an evaluation process ends when its channel and its standard error break", async () => {
  const evaluation = start(process.pid);
  evaluation.stderr?.destroy();
  // Its answer shows that it listens: there is no such module.
  evaluation.send({
    type: "load",
    source: { modulePath: "/nowhere.mjs", name: "nowhere" },
    seed: 0,
    simulateWorkMs: 0,
  });
  await once(evaluation, "message");
  const ended = once(evaluation, "exit");
  evaluation.disconnect();
  await ended;
});

test("a worker whose `sweep run` has ended commits the parameter that it finishes in its grace", async () => {
  const [release, results] = [join(directory, "release"), join(directory, "results")];
  const evaluation = writeEvaluation(
    directory,
    "held",
    `import { existsSync } from "node:fs";
     export async function evaluate(parameter: number) {
       while (!existsSync(${JSON.stringify(release)})) await new Promise((resolve) => setTimeout(resolve, 10));
       return parameter;
     }`,
  );
  const worker = fork(join(DIST, "cli.mjs"), ["worker", "--led"], {
    env: {
      ...process.env,
      EVALUATION: evaluation,
      WORKER_ID: "0",
      TOTAL_WORKERS: "1",
      TOTAL_PARAMETERS: "10",
      RESULTS_URL: `file:${results}`,
      STOP_GRACE_SECONDS: "60",
    },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [],
  });
  child = worker;
  const ended = once(worker, "exit");
  worker.on(
    "message",
    ({ type, progress }: { readonly type: string; readonly progress?: { readonly share: number } }) => {
      if (type === "ready") worker.send({ type: "work", ranges: [{ start: 0, count: 10 }] });
      // The first parameter is in work. From now on its heartbeats go into a closed channel.
      if (progress?.share === 10 && worker.connected) worker.disconnect();
    },
  );
  await once(worker, "disconnect");
  setTimeout(() => writeFileSync(release, ""), 500);
  const [code] = await ended;
  expect(code).toBe(143);
  expect(await readProgress(`file:${results}`)).toMatchObject({ total: 10, remaining: 9 });
  expect(readdirSync(results).filter((name) => name.startsWith("in-work"))).toEqual([]);
});
