import { type Imaged, needsNoImage, runProgram } from "./programs.ts";
import { type Check, type Finding, notChecked, ok, problem } from "./report.ts";

/** Whether an image that was built elsewhere is there; nothing for an image that the deploy builds, or that nobody needs. */
export function imageChecks(environment: Imaged): Check[] {
  const { image: source } = environment.workload;
  if (source.kind !== "prebuilt" || needsNoImage(environment)) return [];
  const { reference } = source;
  return [{ name: "Image", run: () => image(reference) }];
}

/** Only a registry that says no is a problem: this machine may lack Docker, or a login that the nodes do not need. */
async function image(reference: string): Promise<Finding> {
  const { succeeded, reason } = await runProgram("docker", ["buildx", "imagetools", "inspect", reference]);
  if (succeeded) return ok(`${reference} is in its registry`);
  // Docker Hub says "does not exist or may require authorization", and helpers for passwords have their own "not found".
  if (!/: not found|(manifest|name) unknown|does not exist in the registry/i.test(reason)) {
    return notChecked(`docker buildx imagetools inspect ${reference}: ${reason}`);
  }
  const needed = "an image that the nodes can pull: pods that cannot pull theirs hold paid machines";
  return problem(`${reference} is not in its registry`, needed, "push it, or correct workload.image");
}
