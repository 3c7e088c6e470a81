import { App } from "cdktf";
import { InvalidConfigurationError } from "./constructs/validation.ts";
import { loadEnvironments } from "./stacks/config.ts";
import { environments } from "./stacks/environments.ts";
import { PlatformStack } from "./stacks/platform-stack.ts";

try {
  const app = new App();
  for (const environment of loadEnvironments(environments)) {
    new PlatformStack(app, `${environment.name}-platform`, environment);
  }
  app.synth();
} catch (error) {
  if (!(error instanceof InvalidConfigurationError)) throw error;
  // Its message says everything; a stack trace would only push it off the screen.
  console.error(error.message);
  process.exitCode = 1;
}
