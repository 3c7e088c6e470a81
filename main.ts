import "./stacks/stack-traces.ts";
import { spawnSync } from "node:child_process";
import { App } from "cdktf";
import { SweepError } from "sweep-worker/contract";
import { InvalidConfigurationError } from "./constructs/support/problems.ts";
import { environments } from "./environments.ts";
import { loadEnvironments } from "./stacks/configuration/loader.ts";
import { createStacks } from "./stacks/create-stacks.ts";
import { writeProviderLocks } from "./stacks/provider-locks.ts";

try {
  const app = new App();
  for (const environment of loadEnvironments(environments)) createStacks(app, environment);
  app.synth();
  writeProviderLocks(app.outdir);
} catch (error) {
  // A tool that runs the app in its own process makes the error's report in another one.
  if (process.env.SYNTH_IN_PROCESS === "1") throw error;
  process.exitCode = 1;
  if (error instanceof InvalidConfigurationError || error instanceof SweepError) {
    // The message is complete; a stack trace would only push it off the screen.
    console.error(error.message);
  } else if (process.env.SYNTH_STACK_TRACES === "1") {
    throw error;
  } else {
    // An unexpected error: run again, with stack traces that name lines of TypeScript.
    const env = { ...process.env, SYNTH_STACK_TRACES: "1" };
    spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { env, stdio: "inherit" });
  }
}
