import { App } from "cdktf";
import { SweepError } from "sweep-worker/contract";
import { InvalidConfigurationError } from "./constructs/support/problems.ts";
import { environments } from "./environments.ts";
import { loadEnvironments } from "./stacks/configuration/loader.ts";
import { createStacks } from "./stacks/create-stacks.ts";

// cdktf takes a stack trace for each of thousands of tokens. Mapping them all to TypeScript takes a sixth of the synthesis time.
process.setSourceMapsEnabled(false);
try {
  const app = new App();
  for (const environment of loadEnvironments(environments)) createStacks(app, environment);
  app.synth();
} catch (error) {
  process.setSourceMapsEnabled(true);
  // A SweepError explains an evaluation that does not compile.
  if (!(error instanceof InvalidConfigurationError || error instanceof SweepError)) throw error;
  // The message is complete; a stack trace would only push it off the screen.
  console.error(error.message);
  process.exitCode = 1;
}
