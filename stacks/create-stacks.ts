import type { App } from "cdktf";
import { AddonsStack } from "./addons-stack.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import { ImageStack } from "./image-stack.ts";
import { PlatformStack } from "./platform-stack.ts";
import { WorkloadStack } from "./workload-stack.ts";

/** Adds the stacks of an environment to an app, for example dev-platform, dev-addons, dev-image and dev-workload. */
export function createStacks(app: App, environment: ResolvedEnvironment): void {
  const { name } = environment;
  const platform = new PlatformStack(app, `${name}-platform`, { environment });
  const addons = new AddonsStack(app, `${name}-addons`, { environment, platform });
  const image = new ImageStack(app, `${name}-image`, { environment, platform });
  new WorkloadStack(app, `${name}-workload`, { environment, platform, addons, image });
}
