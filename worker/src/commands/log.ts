import pino, { type Logger } from "pino";
import type { ResolvedWorkerSettings } from "../contract/declarations.ts";

/**
 * The log of a worker, an executor or a server: JSON lines on standard output for log collectors, or readable lines on a terminal.
 *
 * @param who is in each line for a collector.
 */
export async function createLog(
  level: ResolvedWorkerSettings["logLevel"],
  who: { readonly worker: number } | { readonly executor: string } | { readonly server: "api" | "frontend" },
): Promise<Logger> {
  const options = { level, base: who, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }));
  const { default: pretty } = await import("pino-pretty");
  return pino(
    options,
    pretty({ colorize: true, ignore: "worker,executor,server", translateTime: "SYS:HH:MM:ss", sync: true }),
  );
}
