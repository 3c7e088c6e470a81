import type { ServedEnvironment } from "../src/api/submission.ts";
import { CommandLine } from "./elements.tsx";
import { shellWord } from "./format.ts";

/** The folder that `sweep run` and `sweep ui` both take by themselves. */
const DEFAULT_ROOT = /^(file:)?(\.\/)?results\/?$/;

/** A command line whose sweep this page then shows. A cluster without a queue has none: its sweeps begin with a deploy. */
export function RunCommand({ environment: { name, resultsRoot, sizes } }: { environment: ServedEnvironment }) {
  const queued = sizes.find(({ modes }) => modes.includes("queue"));
  if (name !== null) {
    if (queued === undefined) return null;
    const line = `npm run submit -- collatz --environment ${name} --size ${queued.size} --total 1000000`;
    return <CommandLine>{line}</CommandLine>;
  }
  const place = DEFAULT_ROOT.test(resultsRoot)
    ? ""
    : ` --results ${shellWord(`${resultsRoot.replace(/\/$/, "")}/collatz`)}`;
  return <CommandLine>{`sweep run collatz --total 1000000${place}`}</CommandLine>;
}
