import { stat } from "node:fs/promises";
import { TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import type { ResultReader } from "../stores/store.ts";

/** The error of results that hold every value, in a file with another size. Only something else than a worker changes the size. */
export async function wrongSize({ url, columnPaths }: ResultReader, size: number): Promise<TemporaryError> {
  const found = await Promise.all(columnPaths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
  const wrong = found.filter(({ bytes }) => bytes !== size);
  const files = wrong.map(
    ({ path, bytes }) => `${path} has ${formatCount(bytes)} bytes instead of ${formatCount(size)}`,
  );
  return new TemporaryError(
    `${url} is changed: ${files.join(", ")}. Start the run again: it corrects the size and computes nothing`,
  );
}
