import { readSettings } from "../contract/environment-variables.ts";
import { EXIT_CODE, type ExitCode, SweepError } from "../contract/errors.ts";
import { runLedWorker } from "../engine/led-worker.ts";
import { runWorker } from "../engine/worker.ts";
import { createLog } from "./log.ts";
import { replaceHandlers, SIGNALS } from "./signals.ts";

/**
 * `sweep worker`, which a pod runs. Its settings are environment variables.
 *
 * @param options.led whether it takes its ranges from `sweep run`, and has no share.
 */
export async function workerCommand({ led }: { readonly led?: boolean }): Promise<ExitCode> {
  const settings = readSettings(process.env);
  const log = await createLog(settings.logLevel, { worker: settings.workerId });
  const stopping = new AbortController();
  let hasStarted = false;
  const heard = new Set<string>();
  const stopOn = (event: string) => () => {
    // Before the share is started there is nothing to commit. A second Ctrl-C ends the grace of the first one: it arrives from the
    // terminal, or ends `sweep run`. One Ctrl-C may arrive twice, as SIGINT from the terminal and as SIGTERM from `sweep run`.
    const isSecond = heard.has(event) || (event === "disconnect" && heard.size > 0);
    if (!hasStarted || isSecond) process.exit(EXIT_CODE.TERMINATED);
    heard.add(event);
    stopping.abort();
  };
  // In place of the handlers of start.ts.
  for (const signal of SIGNALS) replaceHandlers(signal, stopOn(signal));
  // `sweep run` has ended.
  process.on("disconnect", stopOn("disconnect"));
  const { signal } = stopping;
  const send = (message: object) => {
    hasStarted = true;
    // `sweep run` listens, Kubernetes does not. If it has ended, the grace goes on: without a callback, the closed channel ends this process.
    process.send?.(message, undefined, undefined, () => {});
  };
  try {
    if (led)
      await runLedWorker(settings, { send, listen: (listener) => process.on("message", listener) }, { log, signal });
    else await runWorker(settings, { log, signal, onProgress: send });
    return EXIT_CODE.DONE;
  } catch (error) {
    if (!(error instanceof SweepError)) {
      // A bug of this program: its stack belongs in the log.
      log.error(error);
      return EXIT_CODE.TRY_AGAIN;
    }
    if (error.exitCode !== EXIT_CODE.TERMINATED) log.error(error.message);
    return error.exitCode;
  }
}
