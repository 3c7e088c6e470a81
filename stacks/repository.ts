import { join } from "node:path";

/** Path of this repository, which holds the sources of the worker's image. */
export const repository = join(__dirname, "..");
