import type { Workers } from "../api/sweeps.ts";
import { describeError } from "../contract/errors.ts";
import type { ServiceFile } from "../contract/service-file.ts";
import { openStore, type StoreOptions } from "../stores/open.ts";
import { readSubmissionNote } from "../stores/submission-note.ts";
import { jobNameOf } from "./jobs.ts";
import { type Cluster, connectToCluster, type V1Pod } from "./kubernetes.ts";
import { placeOf } from "./places.ts";
import { ProblemError } from "./problems.ts";
import { Recent } from "./recent.ts";
import { type ReasonEvent, reasonOf } from "./worker-reasons.ts";

/** How long a list serves all viewers of a sweep. */
const CACHED_MS = 5_000;
/** Lists that are kept. */
const MOST_LISTS = 100;
/** Most workers of an answer, those that wait or have failed first. */
const MOST_WORKERS = 500;

export interface WorkerListsOptions {
  /** The root of all results. */
  readonly resultsRoot: string;
  /** How the infrastructure has configured this server. */
  readonly file: ServiceFile | undefined;
  readonly storeOptions: StoreOptions;
  /** @default to the cluster of this process */
  readonly connect?: (namespace: string) => Promise<Cluster | undefined>;
  /** Milliseconds of any clock that goes on evenly. */
  readonly now?: () => number;
}

/**
 * Lists the pods that compute a sweep, and tells why some of them wait: executors of its size, which other sweeps of the size share, or the
 * workers of its Job. One list in five seconds serves all viewers.
 */
export class WorkerLists {
  readonly #options: WorkerListsOptions;
  readonly #sweeps: Recent<Workers>;
  /** By label selector: several sweeps may have the same executors. */
  readonly #selected: Recent<Workers>;
  #cluster: Promise<Cluster | undefined> | undefined;

  constructor(options: WorkerListsOptions) {
    this.#options = options;
    this.#sweeps = new Recent(CACHED_MS, MOST_LISTS, options.now);
    this.#selected = new Recent(CACHED_MS, MOST_LISTS, options.now);
  }

  /**
   * The workers of a sweep. A cluster that is away is no error: the bucket tells how far a sweep is, also when the cluster is gone.
   *
   * @throws NotFoundError if the name is none.
   */
  async of(name: string): Promise<Workers> {
    const { resultsRoot, file, connect = connectToCluster } = this.#options;
    const place = placeOf(resultsRoot, name);
    if (file === undefined) return noWorkers("this server runs in no cluster");
    return this.#sweeps.get(name, async () => {
      this.#cluster ??= connect(file.namespace);
      const cluster = await this.#cluster;
      if (cluster === undefined) return noWorkers("this server runs in no cluster");
      const store = await openStore(place, this.#options.storeOptions);
      const note = await readSubmissionNote(store);
      if (note === undefined) return noWorkers("it was not submitted here, and nobody knows its machines");
      const selector =
        note.mode === "queue"
          ? `app.kubernetes.io/instance=executor-${note.size}`
          : `batch.kubernetes.io/job-name=${jobNameOf(store.url, (await store.read()).identity)}`;
      return this.#selected.get(selector, () => listed(cluster, selector, note.size));
    });
  }
}

/** An answer without a list. @param note why there is none. */
function noWorkers(note: string): Workers {
  return { source: "none", note, workers: [], total: 0 };
}

async function listed(cluster: Cluster, selector: string, size: string): Promise<Workers> {
  try {
    return await listWorkers(cluster, selector, size);
  } catch (error) {
    return noWorkers(error instanceof ProblemError ? error.detail : describeError(error));
  }
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
