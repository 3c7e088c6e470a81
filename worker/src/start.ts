import { constants } from "node:os";

/*
 * The first code of every command. It imports nothing that must be loaded: until a handler is installed, the kernel drops every
 * SIGTERM to process 1 of a container, and the pod would then run until SIGKILL. Commands that have something to commit install
 * handlers of their own in place of these.
 */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // As a shell reports a process that the signal has ended. SIGHUP ends a run like SIGTERM (EXIT_CODE.TERMINATED).
  const number = signal === "SIGINT" ? constants.signals.SIGINT : constants.signals.SIGTERM;
  process.on(signal, () => process.exit(128 + number));
}
const { runProgram } = await import("./cli.ts");
await runProgram();
