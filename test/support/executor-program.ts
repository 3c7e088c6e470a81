import { readExecutorSettings } from "../../worker/src/contract/environment-variables.ts";
import { runExecutor } from "../../worker/src/engine/executor.ts";
import { SqsQueue } from "../../worker/src/queue/sqs-queue.ts";

/*
 * `sweep executor` with a lease of its own, `LEASE_SECONDS`: a test cannot wait for a minute after every death. `ShortLeaseExecutors`
 * bundles and starts it.
 */
const leaseSeconds = Number(process.env.LEASE_SECONDS);
const settings = readExecutorSettings(process.env);
const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());
// It ends with Jest, too, in whatever way: an executor looks for its queue for ever.
const jest = process.ppid;
setInterval(() => {
  if (process.ppid !== jest) process.exit();
}, 1_000).unref();
const log = (fields: object, message: string) => process.stdout.write(`${JSON.stringify({ ...fields, message })}\n`);
runExecutor({
  ...settings,
  queue: new SqsQueue(settings.queueUrl, leaseSeconds),
  leaseSeconds,
  slots: settings.executorSlots,
  memoryLimitMiB: settings.memoryLimitMiB,
  log: { info: log, warn: log },
  signal: stopping.signal,
}).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
