// Kills processes when its standard input closes, which it does when Jest dies in whatever way. A line `+<pid>` adds one, `-<pid>`
// takes it off the list. Containers end by themselves when their first process has: evaluations look for their worker.
import { createInterface } from "node:readline";

const pids = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
createInterface({ input: process.stdin })
  .on("line", (line) => (line.startsWith("+") ? pids.add(line.slice(1)) : pids.delete(line.slice(1))))
  .on("close", () => {
    for (const pid of pids) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  });
