import { constants } from "node:buffer";
import { createReadStream } from "node:fs";
import { explainFileError } from "../contract/errors.ts";
import type { LinePlace } from "./commit-index.ts";

const NEWLINE = 0x0a;
const BYTES_AT_ONCE = 1 << 17;

/** A line and its place in the file, without the newline. */
export interface Line extends LinePlace {
  readonly text: string;
}

/**
 * The lines of a file, without those that no string can hold: V8's longest string has 512 MB, and a file damaged by a crash may be
 * long without any newline. No line, if there is no file. The file may be longer than the memory. The process handles signals
 * between the reads. The lines come many at a time, because a step of an asynchronous generator takes longer than the work on a line.
 */
export async function* readLines(path: string): AsyncGenerator<readonly Line[]> {
  /** The beginning of a line that is not read to its end. */
  let beginning: Buffer[] = [];
  let [offset, length] = [0, 0];
  let isDropped = false;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: BYTES_AT_ONCE }) as AsyncIterable<Buffer>) {
      const lines: Line[] = [];
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
        length += end - from;
        if (!isDropped && length <= constants.MAX_STRING_LENGTH) {
          const rest = chunk.subarray(from, end);
          const bytes = beginning.length === 0 ? rest : Buffer.concat([...beginning, rest]);
          lines.push({ text: bytes.toString(), offset, length });
        }
        beginning = [];
        isDropped = false;
        offset += length + 1;
        length = 0;
        from = end + 1;
      }
      yield lines;
      if (from === chunk.length) continue;
      beginning.push(chunk.subarray(from));
      length += chunk.length - from;
      // A crash may leave a long hole, whose zeros are no record and must not fill the memory.
      isDropped ||= beginning[0]?.[0] === 0 || length > constants.MAX_STRING_LENGTH;
      if (isDropped) beginning = [];
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw explainFileError(error, path);
  }
  if (length > 0 && !isDropped) {
    yield [{ text: Buffer.concat(beginning).toString(), offset, length }];
  }
}
