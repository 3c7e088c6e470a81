import { spawn } from "node:child_process";
import { once } from "node:events";
import { ProcessClock } from "../../worker/src/evaluation/process-clock.ts";

describe("the clock of a process", () => {
  const isLinux = process.platform === "linux";

  test("counts computing as CPU time, and waiting as none", async () => {
    const stop = new ProcessClock().start();
    const before = process.cpuUsage().user;
    while (process.cpuUsage().user - before < 30_000);
    const busy = stop();
    expect(busy.cpuSeconds).toBeGreaterThanOrEqual(0.03);
    expect(busy.wallSeconds).toBeGreaterThan(0);
    const stopIdle = new ProcessClock().start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const idle = stopIdle();
    expect(idle.wallSeconds).toBeGreaterThanOrEqual(0.099);
    expect(idle.cpuSeconds).toBeLessThan(idle.wallSeconds);
  });

  (isLinux ? test : test.skip)("counts the CPU time of programs below it", async () => {
    const clock = new ProcessClock();
    const stop = clock.start();
    const own = process.cpuUsage();
    const program = spawn(process.execPath, [
      "-e",
      "while (process.cpuUsage().user < 2e5); console.log('done'); setInterval(() => {}, 1000);",
    ]);
    await once(program.stdout, "data");
    const { cpuSeconds } = stop();
    const { user, system } = process.cpuUsage(own);
    program.kill("SIGKILL");
    await once(program, "close");
    expect(cpuSeconds - (user + system) / 1e6).toBeGreaterThan(0.1);
  });
});
