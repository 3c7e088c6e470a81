import { setTimeout as pause } from "node:timers/promises";

/**
 * The longest that a test waits for anything, in milliseconds. Only a hang lasts so long, even on a machine that does ten other things,
 * and is a failure then. No result depends on it. Jest's own limit (`testTimeout` in jest.config.js) is longer.
 */
export const HANG_MS = 900_000;

/**
 * Waits until something has happened. A loop of a test's own would go on after Jest has given the test up, and a Jest without
 * worker processes would never end.
 *
 * @param everyMs how often it looks, in milliseconds.
 * @throws Error if it never does.
 */
export async function until(isTrue: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
  const giveUp = performance.now() + HANG_MS;
  while (!(await isTrue())) {
    if (performance.now() > giveUp) throw new Error(`it never happened: ${isTrue}`);
    await pause(everyMs);
  }
}
