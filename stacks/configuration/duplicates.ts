import { type Problem, show } from "../../constructs/support/problems.ts";

/** A problem for each text that stands in a list a second time, at its index. Empty texts are stand-ins of malformed ones. */
export function duplicateProblems(texts: readonly string[], allowed: string, fix: string): Problem[] {
  return texts.flatMap((text, index) =>
    text === "" || texts.indexOf(text) === index ? [] : [{ path: [index], allowed, got: show(text), fix }],
  );
}
