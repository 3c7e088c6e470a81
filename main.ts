import { App } from "cdktf";
import { environments } from "./stacks/environments.ts";
import { PlatformStack } from "./stacks/platform-stack.ts";

const app = new App();
for (const environment of environments) {
  new PlatformStack(app, `${environment.name}-platform`, environment);
}
app.synth();
