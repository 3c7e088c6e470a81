import { fileURLToPath } from "node:url";

/**
 * A program of the worker, which runs in a process of its own. The path is the same from this source and from the bundle made from it,
 * because `src/` and `dist/` are side by side.
 */
const program = (name: string) => fileURLToPath(new URL(`../dist/${name}.mjs`, import.meta.url));

/** The command line, `sweep`. */
export const CLI_PROGRAM = program("cli");
/** Runs a user's evaluation. */
export const EVALUATION_PROGRAM = program("evaluation-process");
/** The evaluations that come with the worker: bundles in an image, sources in the repository. */
export const EVALUATIONS = fileURLToPath(new URL("../evaluations/", import.meta.url));
/** The files of the page that `sweep serve --page` shows. */
export const PAGE_FILES = fileURLToPath(new URL("../dist/page/", import.meta.url));
