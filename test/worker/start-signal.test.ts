import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sweep, temporaryDirectory, workerEnvironment } from "../support/sweep.ts";

const directory = temporaryDirectory();
/** Sends SIGTERM when the handler of a command takes the place of the one that every command starts with. */
const SIGNAL_BETWEEN_HANDLERS = `
let handlers = 0;
process.prependListener("newListener", (name) => {
  if (name === "SIGTERM" && ++handlers === 2) process.kill(process.pid, "SIGTERM");
});`;

test.each([["worker"], ["run", "collatz", "--total", "1000"]])(
  "SIGTERM while `sweep %s` starts is not lost",
  async (...args) => {
    const hook = join(directory, "signal.mjs");
    writeFileSync(hook, SIGNAL_BETWEEN_HANDLERS);
    const results = join(directory, args[0] as string);
    const env = {
      ...workerEnvironment({ evaluation: "collatz", total: 1_000, results }),
      NODE_OPTIONS: `--import=${pathToFileURL(hook).href}`,
    };
    expect(await sweep(args, { env })).toEqual({ code: 143, signal: null, stdout: "", stderr: "" });
  },
);
