import pino, { type Logger } from "pino";
import type { ResolvedWorkerSettings } from "../contract/declarations.ts";

/** The log of a worker: JSON lines on standard output for log collectors, or readable lines on a terminal. */
export async function createLog(level: ResolvedWorkerSettings["logLevel"], workerId: number): Promise<Logger> {
  const options = { level, base: { worker: workerId }, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }));
  const { default: pretty } = await import("pino-pretty");
  return pino(options, pretty({ colorize: true, ignore: "worker", translateTime: "SYS:HH:MM:ss", sync: true }));
}
