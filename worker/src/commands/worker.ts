import { readConfiguration } from "../contract.ts";
import { EXIT_CODE, type ExitCode, SweepError } from "../errors.ts";
import { createLog } from "../log.ts";
import { Stopped } from "../supervisor/evaluation-session.ts";
import { runWorker } from "../worker.ts";

/** `sweep worker`: what a pod runs. Its configuration is its environment. */
export async function workerCommand(): Promise<ExitCode> {
  const configuration = readConfiguration(process.env);
  const log = await createLog(configuration.logLevel, configuration.workerId);
  try {
    return await runWorker(configuration, log, (stop) => {
      process.on("SIGTERM", stop);
      process.on("SIGINT", stop);
      // `sweep run` has ended, however it did.
      process.on("disconnect", stop);
    });
  } catch (error) {
    if (error instanceof Stopped) return EXIT_CODE.TERMINATED;
    if (error instanceof SweepError) {
      log.error(error.message);
      return error.exitCode;
    }
    // A mistake of ours: its stack belongs in the log.
    log.error(error);
    return EXIT_CODE.TRY_AGAIN;
  }
}
