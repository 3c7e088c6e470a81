import type { Problem } from "../support/problems.ts";
import type { IngressOptions } from "./ingress-options.ts";

/** Everything that is wrong with an entry from outside; each `path` starts with the option. */
export function ingressProblems(_options: IngressOptions): Problem[] {
  return [];
}
