import { fileURLToPath } from "node:url";

/**
 * The worker's programs, which this process starts as others. The path is the same from this source and from the bundle that is made
 * of it, since `src/` and `dist/` lie side by side.
 */
const program = (name: string) => fileURLToPath(new URL(`../dist/${name}.mjs`, import.meta.url));

/** The command line, `sweep`. */
export const CLI_PROGRAM = program("cli");
/** Runs a user's evaluation. */
export const EVALUATION_PROGRAM = program("evaluation-process");
/** The evaluations that come with the worker: bundles in an image, sources in the repository. */
export const EVALUATIONS = fileURLToPath(new URL("../evaluations/", import.meta.url));
