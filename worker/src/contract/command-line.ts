/** A word with its quotes: a quote that nothing closes goes to the end. */
const word = /(?:[^\s'"]|"[^"]*"?|'[^']*'?)+/g;
const quoted = /"([^"]*)"?|'([^']*)'?/g;

/**
 * The words of a command line: the program, and its arguments. Quotes hold a word with spaces together. No shell reads it: a backslash and a
 * dollar sign mean themselves.
 */
export function commandWords(command: string): readonly string[] {
  return (command.match(word) ?? []).map((text) => text.replace(quoted, "$1$2"));
}
