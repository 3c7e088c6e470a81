import { stripVTControlCharacters } from "node:util";

/** A text as one line without control characters, which could clear the screen. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
}

/** The JSON of a program; undefined if it printed none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
