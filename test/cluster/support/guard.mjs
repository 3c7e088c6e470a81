// Starts the programs of one control plane and ends them when its standard input closes: at `stop()`, and when Jest dies in
// whatever way. Usage: node guard.mjs <folder>, with a line {name, file, arguments} for each program; it prints a line
// {name, pid} for each start and {name, code} for each end. The folder is removed in the end.
import { spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [folder] = process.argv.slice(2);
/** Milliseconds from SIGTERM to SIGKILL. */
const grace = 5000;
/** In the order of their start. */
const running = new Map();

process.stdout.on("error", () => {});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void end());
createInterface({ input: process.stdin })
  .on("line", (line) => start(JSON.parse(line)))
  .on("close", () => void end());

function start({ name, file, arguments: args }) {
  const log = openSync(join(folder, `${name}.log`), "a");
  const child = spawn(file, args, { stdio: ["ignore", log, log], cwd: folder });
  closeSync(log);
  running.set(name, child);
  report({ name, pid: child.pid });
  const ended = (code) => {
    running.delete(name);
    report({ name, code });
  };
  child.on("error", ({ message }) => ended(message));
  child.on("exit", (code, signal) => ended(code ?? signal));
}

function report(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  // Backwards: etcd last, so that the others do not fill their logs with complaints.
  for (const child of [...running.values()].reverse()) await finish(child);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit();
}

async function finish(child) {
  const exited = new Promise((done) => child.once("exit", done));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), grace);
  await exited;
  clearTimeout(timer);
}
