/** The signals that end a command. */
export const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Removes the handlers of start.ts. From then on a signal ends this process also while a user's code does not return, which a handler in
 * JavaScript would wait for.
 */
export function removeSignalHandlers(): void {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}
