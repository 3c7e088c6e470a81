import { countNoun } from "../contract/format.ts";
import type { Submission } from "../engine/submit.ts";
import { isJobAtWork, startJob, stopJob } from "./jobs.ts";
import type { Cluster } from "./kubernetes.ts";
import { ProblemError } from "./problems.ts";
import type { Machines, Sent, Way } from "./way.ts";

/** Gives sweeps to Jobs of their own. */
export class JobSubmissions implements Way {
  readonly #connect: () => Promise<Cluster | undefined>;
  #cluster: Promise<Cluster | undefined> | undefined;

  /** @param namespace undefined if this server is not configured for a cluster. */
  constructor(namespace: string | undefined, connect: (namespace: string) => Promise<Cluster | undefined>) {
    this.#connect = async () => (namespace === undefined ? undefined : connect(namespace));
  }

  async isUnderWay({ run, identity }: Submission): Promise<boolean> {
    return isJobAtWork(await this.#reach(), run.store.url, identity);
  }

  async send(submission: Submission, { entry, executors }: Machines): Promise<Sent> {
    if (entry.job === undefined) throw new Error(`the size ${entry.size} has no Jobs`);
    const { run, identity, settings } = submission;
    const cluster = await this.#reach();
    const everything = { start: 0, count: identity.totalParameters };
    const pending = await run.pendingOf(identity, everything);
    if (pending.length > 0) await run.withdrawReceipt();
    // Before the Job, so that its workers find everything. It lets a sweep go on that was stopped.
    await run.submit(settings);
    if (pending.length === 0) return { messages: 0, outcome: "is complete" };
    const { template, max: maxWorkers } = entry.job;
    const sweep = { url: run.store.url, identity, settings, workers: executors, maxWorkers };
    const { isNew, workers } = await startJob(cluster, template, sweep);
    return { messages: 0, outcome: isNew ? `created a Job of ${countNoun(workers, "worker")}` : "its Job is at work" };
  }

  resume(submission: Submission, machines: Machines): Promise<Sent> {
    return this.send(submission, machines);
  }

  async stop({ run, identity }: Submission): Promise<void> {
    await stopJob(await this.#reach(), run.store.url, identity);
  }

  async #reach(): Promise<Cluster> {
    this.#cluster ??= this.#connect();
    const cluster = await this.#cluster;
    if (cluster === undefined) throw new ProblemError(409, "this server runs in no cluster, and reaches no Jobs");
    return cluster;
  }
}
