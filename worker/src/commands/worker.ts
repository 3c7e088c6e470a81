import { EXIT_CODE, type ExitCode, SweepError } from "../contract/errors.ts";
import { readConfiguration } from "../contract/settings.ts";
import { createLog } from "../engine/log.ts";
import { runWorker } from "../engine/worker.ts";

/** `sweep worker`: what a pod runs. Its configuration is its environment. */
export async function workerCommand(): Promise<ExitCode> {
  const configuration = readConfiguration(process.env);
  const log = await createLog(configuration.logLevel, configuration.workerId);
  try {
    // Until the first block is given out there is nothing to commit.
    let stop: () => void = () => process.exit(EXIT_CODE.TERMINATED);
    // "disconnect": `sweep run` has ended, however it did.
    for (const event of ["SIGTERM", "SIGINT", "SIGHUP", "disconnect"]) process.on(event, () => stop());
    return await runWorker(configuration, log, (stopWorker) => {
      stop = stopWorker;
    });
  } catch (error) {
    if (error instanceof SweepError) {
      log.error(error.message);
      return error.exitCode;
    }
    // A mistake of ours: its stack belongs in the log.
    log.error(error);
    return EXIT_CODE.TRY_AGAIN;
  }
}
