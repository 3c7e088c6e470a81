import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startProgram } from "../support/sweep.ts";

const PROGRAM = join(__dirname, "..", "..", "worker", "dist", "evaluation-process.mjs");
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
