import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of this repository. */
export const root = join(__dirname, "..", "..");

/** The text of one of its files. */
export const read = (path: string) => readFileSync(join(root, path), "utf8");
