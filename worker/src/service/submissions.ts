import packageFile from "../../package.json" with { type: "json" };
import { type ServedEnvironment, type SubmissionRequest, type Submitted, submissionSchema } from "../api/submission.ts";
import { sweepNameOf, sweepPlace } from "../api/sweep-place.ts";
import { shellWord } from "../contract/format.ts";
import { OtherRunError } from "../contract/identity.ts";
import type { ServiceFile } from "../contract/service-file.ts";
import { QueuedRun, type SweepFile } from "../engine/queued-run.ts";
import { createSubmission, findSubmission } from "../engine/submit.ts";
import { bundledEvaluations } from "../evaluation/source.ts";
import { NotFoundError } from "../monitoring/index.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { openStore, type StoreOptions } from "../stores/open.ts";
import { readSubmissionNote, type SubmissionNote, writeSubmissionNote } from "../stores/submission-note.ts";
import { type Audit, type AuditEntry, writeAuditLine } from "./audit.ts";
import { JobSubmissions } from "./job-submissions.ts";
import { type Cluster, connectToCluster } from "./kubernetes.ts";
import { placeOf } from "./places.ts";
import { ProblemError, refuseIfWrong } from "./problems.ts";
import { QueueSubmissions } from "./queue-submissions.ts";
import { RateLimit } from "./rate-limit.ts";
import { checkSubmission, problemsOfMachines } from "./submission-check.ts";
import type { Machines, Way } from "./way.ts";

export interface SubmissionsOptions {
  /** The root of all results. */
  readonly resultsRoot: string;
  /** How the infrastructure has configured this server. Undefined on a laptop, where nothing can be submitted. */
  readonly file: ServiceFile | undefined;
  readonly storeOptions: StoreOptions;
  /** @default to SQS */
  readonly openQueue?: (url: string, leaseSeconds: number) => Promise<MessageQueue>;
  /** @default to the cluster of this process */
  readonly connect?: (namespace: string) => Promise<Cluster | undefined>;
  /** @default to standard output */
  readonly audit?: Audit;
  /** @default counts as many as the configuration allows */
  readonly rateLimit?: RateLimit;
}

/** A sweep that somebody has submitted. */
interface Found {
  readonly run: QueuedRun;
  readonly file: SweepFile;
  readonly note: SubmissionNote | undefined;
}

/**
 * Submits sweeps for users, and stops them. Everything is idempotent: the same submission is the same sweep, whichever replica takes it, so
 * that a client repeats a request of which it has got no answer. No evaluation is loaded in this process.
 */
export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #ways: Readonly<Record<SubmissionNote["mode"], Way>>;
  readonly #audit: Audit;
  readonly #limit: RateLimit | undefined;
  /** The last change of a place in work. The changes of a place by this process come one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>();

  constructor(options: SubmissionsOptions) {
    const { file, openQueue = openSqs, connect = connectToCluster, audit = writeAuditLine, rateLimit } = options;
    this.#options = options;
    this.#ways = { queue: new QueueSubmissions(openQueue), job: new JobSubmissions(file?.namespace, connect) };
    this.#audit = audit;
    this.#limit = rateLimit ?? (file === undefined ? undefined : new RateLimit(file.submissionsPerMinute));
  }

  /** Where this server is, and what it can do for a user. */
  environment(user: string | null): ServedEnvironment {
    const { file, resultsRoot } = this.#options;
    return {
      name: file?.environment ?? null,
      version: packageFile.version,
      resultsRoot,
      user,
      evaluations: file === undefined ? [] : bundledEvaluations(),
      allowsCommands: file?.allowCommands ?? false,
      sizes: (file?.sizes ?? []).map(({ size, queue, job, hourlyUsd }) => ({
        size,
        modes: [...(queue === undefined ? [] : ["queue" as const]), ...(job === undefined ? [] : ["job" as const])],
        max: Math.max(queue?.max ?? 0, job?.max ?? 0),
        hourlyUsd,
      })),
    };
  }

  /**
   * Creates a sweep, and gives it to executors or to a Job. A sweep that is under way stays as it is, and one that was stopped goes on.
   *
   * @throws ProblemError if the request is wrong (400), if this server takes none (403), if the place belongs to another sweep (409), or if
   * the user has sent too many (429).
   * @throws TemporaryError if the bucket or the queue is away. The same request then completes the submission.
   */
  async submit(request: SubmissionRequest, user: string | null): Promise<Submitted> {
    const { resultsRoot, storeOptions } = this.#options;
    const file = this.#fileToSubmit();
    this.#limit?.count(user);
    const checked = checkSubmission(submissionSchema.parse(request), file);
    const { mode, runName, identity, bundle, settings, entry, executors } = checked;
    const name = sweepNameOf(`${mode === "queue" ? file.queueFolder : file.jobFolder}/${runName}`);
    const place = sweepPlace(resultsRoot, name);
    if (place === undefined) throw new Error(`the folders of the configuration make no name of a sweep: ${name}`);
    return this.#alone(place, async () => {
      const submission = await createSubmission(place, identity, bundle, settings, storeOptions).catch(orOtherName);
      const { run } = submission;
      const [before, note] = await Promise.all([run.find(), readSubmissionNote(run.store)]);
      const way = this.#ways[mode];
      const earlier = note === undefined ? undefined : this.#machinesOf(note.size);
      const [isNew, isStopped] = [before === undefined, before?.stop !== undefined];
      if (!isNew && !isStopped && (await way.isUnderWay(submission, earlier ?? { entry }))) {
        this.#audit({ action: "submit", user, sweep: name, size: entry.size, mode, outcome: "is under way already" });
        return { name, isNew, messages: 0 };
      }
      if (note?.size !== entry.size) {
        const at = new Date().toISOString();
        await writeSubmissionNote(run.store, { submittedBy: user, at, size: entry.size, mode });
      }
      const { messages, outcome } = await way.send(submission, { entry, executors });
      this.#audit({ action: "submit", user, sweep: name, size: entry.size, mode, outcome });
      return { name, isNew, messages };
    });
  }

  /**
   * Lets executors or the Job end the part in work and commit it, and nobody begin another. A sweep that is stopped keeps its reason, and
   * has no Job afterwards: another replica may have created one at the same time.
   *
   * @throws NotFoundError if there is no such sweep.
   * @throws ProblemError with the status 409 if there is nothing to cancel, or nobody has submitted it.
   */
  async cancel(name: string, reason: string, user: string | null): Promise<void> {
    const place = placeOf(this.#options.resultsRoot, name);
    await this.#alone(place, async () => {
      const { run, file, note } = await this.#find(place);
      const submission = await findSubmission(place, this.#options.storeOptions);
      const way = this.#ways[note?.mode ?? "queue"];
      if (file.stop !== undefined) return way.stop(submission);
      const { identity } = submission;
      const [missing] = await run.pendingOf(identity, { start: 0, count: identity.totalParameters });
      if (missing === undefined) throw new ProblemError(409, `${name} is complete: there is nothing to cancel`);
      await way.stop(submission);
      await run.stop("cancelled", user === null ? reason : `${reason} (${user})`);
      this.#audit({ action: "cancel", user, sweep: name, ...sizeOf(note), outcome: reason });
    });
  }

  /**
   * Sends again what is missing of a sweep, also of one that was stopped.
   *
   * @param executors for which it is divided, or workers of its Job. @default 1 and 3
   * @throws NotFoundError if there is no such sweep.
   * @throws ProblemError if this server cannot do that (403, 409), if the number is wrong (400), or the user has sent too many (429).
   */
  async resume(name: string, executors: number | undefined, user: string | null): Promise<Submitted> {
    const file = this.#fileToSubmit();
    const place = placeOf(this.#options.resultsRoot, name);
    this.#limit?.count(user);
    return this.#alone(place, async () => {
      const { note } = await this.#find(place);
      const mode = note?.mode ?? "queue";
      const size = note?.size ?? this.#onlySize(place);
      const machines = this.#machinesOf(size);
      if (machines === undefined) {
        throw new ProblemError(409, `${name} was submitted for the size ${size}, which this environment has no longer`);
      }
      refuseIfWrong(problemsOfMachines({ size, mode, executors }, file, machines.entry));
      const submission = await findSubmission(place, this.#options.storeOptions);
      const { messages, outcome } = await this.#ways[mode].resume(submission, { ...machines, executors });
      this.#audit({ action: "resume", user, sweep: name, size, mode, outcome });
      return { name, isNew: false, messages };
    });
  }

  #fileToSubmit(): ServiceFile {
    const { file } = this.#options;
    if (file !== undefined) return file;
    const detail = "this server shows sweeps and takes none, because it has no --configuration";
    throw new ProblemError(
      403,
      `${detail}: sweep run computes one here, sweep submit gives one to a queue, and sweep resume goes on with one`,
    );
  }

  #machinesOf(size: string): Machines | undefined {
    const entry = this.#options.file?.sizes.find((other) => other.size === size);
    return entry === undefined ? undefined : { entry };
  }

  /** The size of a sweep that was submitted from a command line, which nobody has noted. */
  #onlySize(place: string): string {
    const [only, ...others] = this.#options.file?.sizes.filter(({ queue }) => queue !== undefined) ?? [];
    if (only !== undefined && others.length === 0) return only.size;
    const detail = "it was submitted from a command line, and this environment has executors of several sizes";
    throw new ProblemError(409, `${detail}: sweep resume ${shellWord(place)} --queue <url> goes on with it`);
  }

  async #find(place: string): Promise<Found> {
    const store = await openStore(place, this.#options.storeOptions);
    const run = new QueuedRun(store);
    const [runFile, file, note] = await Promise.all([
      store.note("run.json").read(),
      run.find(),
      readSubmissionNote(store),
    ]);
    if (runFile === undefined) throw new NotFoundError(`${place} holds no sweep: GET /api/sweeps lists them`);
    if (file !== undefined) return { run, file, note };
    const detail =
      "nobody has submitted it: it ends where it was started, with sweep run or as a Job of the environment";
    throw new ProblemError(409, `${place} cannot be changed here, because ${detail}`);
  }

  async #alone<T>(place: string, change: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(place);
    const changed = before === undefined ? change() : before.then(change);
    const settled = changed.then(
      () => {},
      () => {},
    );
    this.#changes.set(place, settled);
    try {
      return await changed;
    } finally {
      if (this.#changes.get(place) === settled) this.#changes.delete(place);
    }
  }
}

function sizeOf(note: SubmissionNote | undefined): Pick<AuditEntry, "size" | "mode"> {
  return { size: note?.size ?? null, mode: note?.mode ?? null };
}

/** @throws ProblemError for a place that holds another sweep. */
function orOtherName(error: unknown): never {
  if (!(error instanceof OtherRunError)) throw error;
  throw new ProblemError(409, `${error.message}; another name makes another place`, { cause: error });
}

async function openSqs(url: string, leaseSeconds: number): Promise<MessageQueue> {
  // The AWS SDK takes 0.2 s to load: a server to which nobody submits does not pay that.
  const { SqsQueue } = await import("../queue/sqs-queue.ts");
  return new SqsQueue(url, leaseSeconds);
}
