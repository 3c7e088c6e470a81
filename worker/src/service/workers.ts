import type { Workers } from "../api/sweeps.ts";
import { describeError } from "../contract/errors.ts";
import type { SubmissionNote } from "../stores/submission-note.ts";
import type { Cluster, V1Pod } from "./kubernetes.ts";
import { ProblemError } from "./problems.ts";
import { type ReasonEvent, reasonOf } from "./worker-reasons.ts";

/** How long a list serves all viewers of a sweep. */
const CACHED_MS = 5_000;
/** Sweeps whose lists are kept. */
const MOST_LISTS = 100;
/** Most workers of an answer, those that wait or have failed first. */
const MOST_WORKERS = 500;

/** The pods of a sweep. */
export type WorkersOf =
  /** Executors of a size, which other sweeps of the size share. */
  | { readonly mode: "queue"; readonly size: string }
  /** Workers of a Job. */
  | { readonly mode: "job"; readonly size: SubmissionNote["size"]; readonly jobName: string };

/** Lists the pods that compute sweeps, and tells why some of them wait. One list in five seconds serves all viewers of a sweep. */
export class WorkerLists {
  readonly #connect: () => Promise<Cluster | undefined>;
  readonly #now: () => number;
  #cluster: Promise<Cluster | undefined> | undefined;
  readonly #lists = new Map<string, { readonly at: number; readonly workers: Promise<Workers> }>();

  constructor(connect: () => Promise<Cluster | undefined>, now: () => number = () => performance.now()) {
    this.#connect = connect;
    this.#now = now;
  }

  /** Never rejects because of the cluster: the bucket tells how far a sweep is, also when the cluster is gone. */
  async of(sweep: WorkersOf): Promise<Workers> {
    const selector = selectorOf(sweep);
    const known = this.#lists.get(selector);
    if (known !== undefined && this.#now() - known.at < CACHED_MS) return known.workers;
    const workers = this.#list(selector, sweep.size);
    this.#lists.delete(selector);
    this.#lists.set(selector, { at: this.#now(), workers });
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > MOST_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    return workers;
  }

  async #list(selector: string, size: string): Promise<Workers> {
    try {
      this.#cluster ??= this.#connect();
      const cluster = await this.#cluster;
      if (cluster === undefined) return noWorkers("this server runs in no cluster");
      return await listWorkers(cluster, selector, size);
    } catch (error) {
      return noWorkers(error instanceof ProblemError ? error.detail : describeError(error));
    }
  }
}

/** An answer without a list. @param note why there is none. */
export function noWorkers(note: string): Workers {
  return { source: "none", note, workers: [], total: 0 };
}

/** Kubernetes gives the pods of a Job its name; the executors of a size have the name of their Deployment. */
function selectorOf(sweep: WorkersOf): string {
  return sweep.mode === "job"
    ? `batch.kubernetes.io/job-name=${sweep.jobName}`
    : `app.kubernetes.io/instance=executor-${sweep.size}`;
}

async function listWorkers(cluster: Cluster, selector: string, size: string): Promise<Workers> {
  const { pods, total } = await cluster.listPods(selector);
  // Without the right to events, the pods themselves still tell something.
  const events = pods.some(isWaiting) ? await cluster.listPodEvents().catch((): ReasonEvent[] => []) : [];
  const eventsOf = new Map<string | undefined, ReasonEvent[]>();
  for (const event of events) {
    const { name } = event.involvedObject;
    eventsOf.set(name, [...(eventsOf.get(name) ?? []), event]);
  }
  const workers = pods.map((pod) => {
    const name = pod.metadata?.name ?? "";
    const state = stateOf(pod);
    return {
      name,
      state,
      reason: state === "running" || state === "ended" ? null : reasonOf(pod, eventsOf.get(name) ?? []),
      since: timeOf(pod.status?.startTime ?? pod.metadata?.creationTimestamp),
      node: pod.spec?.nodeName ?? null,
      size,
    };
  });
  const order = ["failed", "waiting", "running", "ended"];
  workers.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name));
  return { source: "kubernetes", note: null, workers: workers.slice(0, MOST_WORKERS), total };
}

type State = Workers["workers"][number]["state"];

function stateOf(pod: V1Pod): State {
  const { phase, containerStatuses = [] } = pod.status ?? {};
  if (phase === "Succeeded") return "ended";
  if (phase === "Failed") return "failed";
  const isRunning = phase === "Running" && containerStatuses.some(({ state }) => state?.running !== undefined);
  return isRunning ? "running" : "waiting";
}

function isWaiting(pod: V1Pod): boolean {
  return stateOf(pod) === "waiting";
}

/** The client makes a Date of a time. */
function timeOf(time: Date | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
