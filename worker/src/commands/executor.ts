import { hostname } from "node:os";
import { readExecutorSettings } from "../contract/environment-variables.ts";
import { EXIT_CODE, type ExitCode, SweepError } from "../contract/errors.ts";
import { runExecutor } from "../engine/executor.ts";
import { SqsQueue } from "../queue/sqs-queue.ts";
import { containerMemoryMiB } from "../supervisor/memory-watch.ts";
import { createLog } from "./log.ts";
import { replaceHandlers, SIGNALS } from "./signals.ts";

/** Short, because a message comes again only when the lease of an executor that has died ends. It is renewed every 20 s. */
const LEASE_SECONDS = 60;

/** `sweep executor`, which a pod of a Deployment runs. Its settings are environment variables. */
export async function executorCommand(): Promise<ExitCode> {
  const settings = readExecutorSettings(process.env);
  const log = await createLog(settings.logLevel, { executor: hostname() });
  const stopping = new AbortController();
  const heard = new Set<string>();
  for (const signal of SIGNALS) {
    // In place of the handlers of start.ts.
    replaceHandlers(signal, () => {
      // A second Ctrl-C ends the grace of the first one.
      if (heard.has(signal)) process.exit(EXIT_CODE.TERMINATED);
      heard.add(signal);
      stopping.abort();
    });
  }
  try {
    log.info({ queue: settings.queueUrl, results: settings.resultsRoot, slots: settings.executorSlots }, "started");
    await runExecutor({
      queue: new SqsQueue(settings.queueUrl, LEASE_SECONDS),
      leaseSeconds: LEASE_SECONDS,
      resultsRoot: settings.resultsRoot,
      slots: settings.executorSlots,
      sliceSeconds: settings.sliceSeconds,
      stopGraceSeconds: settings.stopGraceSeconds,
      memoryLimitMiB: settings.memoryLimitMiB ?? containerMemoryMiB(),
      s3RequestTimeoutMs: settings.s3RequestTimeoutMs,
      log,
      signal: stopping.signal,
    });
    return EXIT_CODE.DONE;
  } catch (error) {
    if (error instanceof SweepError) {
      log.error(error.message);
      return error.exitCode;
    }
    // A bug of this program: its stack belongs in the log.
    log.error(error);
    return EXIT_CODE.TRY_AGAIN;
  }
}
