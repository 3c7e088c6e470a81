import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainFileError } from "../contract/errors.ts";

/** A directory that is removed when this process exits. */
export function temporaryDirectory(): string {
  try {
    const directory = mkdtempSync(join(tmpdir(), "sweep-"));
    process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
    return directory;
  } catch (error) {
    throw explainFileError(error, `${tmpdir()} (temporary files, see TMPDIR)`);
  }
}
