/** The signals that end a command. */
export const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Removes the handlers of start.ts. From then on a signal ends this process also while a user's code does not return, which a handler in
 * JavaScript would wait for.
 */
export function removeSignalHandlers(): void {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}

/**
 * Installs a handler in place of those that a signal has. The new one comes first: without any handler Node.js forgets a signal that
 * has arrived and is not handled yet, and the kernel ends the process, or drops the signal to process 1 of a container.
 */
export function replaceHandlers(signal: NodeJS.Signals, handler: () => void): void {
  const earlier = process.listeners(signal);
  process.on(signal, handler);
  for (const listener of earlier) process.off(signal, listener);
}
