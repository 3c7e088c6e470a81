/**
 * Whether a test that needs more than Node.js can run. If not, it is to be skipped, with a line that says why, or fails where an environment
 * variable forbids to skip it.
 * @param missing a sentence that says what is not here. @default nothing is missing
 */
export function canRun(name: string, forbidden: `REQUIRE_${string}`, missing: string | undefined): boolean {
  if (missing === undefined) return true;
  if (process.env[forbidden] === "1") throw new Error(`${forbidden}=1, but ${name} cannot run: ${missing}`);
  process.stderr.write(`skipped, ${name}: ${missing}\n`);
  return false;
}
