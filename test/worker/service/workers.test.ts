import { join } from "node:path";
import { executorsName } from "../../../constructs/queue/executors.ts";
import { NotFoundError } from "../../../worker/src/monitoring/index.ts";
import { jobNameOf } from "../../../worker/src/service/jobs.ts";
import type { Cluster, CoreV1Event, V1Pod } from "../../../worker/src/service/kubernetes.ts";
import { ProblemError } from "../../../worker/src/service/problems.ts";
import { type ReasonEvent, reasonOf } from "../../../worker/src/service/worker-reasons.ts";
import { WorkerLists } from "../../../worker/src/service/workers.ts";
import { openStore } from "../../../worker/src/stores/open.ts";
import { writeSubmissionNote } from "../../../worker/src/stores/submission-note.ts";
import { testIdentity } from "../../support/stores.ts";
import { temporaryDirectory } from "../../support/sweep.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000);

const event = (reason: string, message: string, secondsAgo: number): ReasonEvent => ({
  involvedObject: { kind: "Pod", name: "pod" },
  reason,
  message,
  lastTimestamp: ago(secondsAgo),
});
const noRoom = event("FailedScheduling", "0/2 nodes are available: 2 Insufficient cpu.", 20);
const pending: V1Pod = { metadata: { name: "pod" }, status: { phase: "Pending" } };
const waitingFor = (reason: string, message?: string): V1Pod => ({
  ...pending,
  status: {
    phase: "Pending",
    containerStatuses: [
      {
        name: "worker",
        image: "",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason, ...(message && { message }) } },
      },
    ],
  },
});
const failed = (status: V1Pod["status"]): V1Pod => ({ ...pending, status: { phase: "Failed", ...status } });
const ended = (exitCode: number, reason: string, message?: string) =>
  failed({
    containerStatuses: [
      {
        name: "worker",
        image: "",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode, reason, ...(message !== undefined && { message }) } },
      },
    ],
  });

describe("a pod tells why it waits", () => {
  test.each<[string, V1Pod, readonly ReasonEvent[], string | null]>([
    ["without room", pending, [noRoom], "no machine has room for it: 0/2 nodes are available: 2 Insufficient cpu."],
    [
      "while a machine comes, about which the scheduler complains again",
      pending,
      [noRoom, event("TriggeredScaleUp", "pod triggered scale-up: [{asg 0->1 (max: 5)}]", 60)],
      "a machine is being started for it, which takes about three minutes",
    ],
    [
      "for a machine that has not come in a quarter of an hour",
      pending,
      [noRoom, event("TriggeredScaleUp", "pod triggered scale-up", 901)],
      "no machine has room for it: 0/2 nodes are available: 2 Insufficient cpu.",
    ],
    [
      "for a pool that is full",
      pending,
      [noRoom, event("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached", 30)],
      "no pool may start a machine for it: pod didn't trigger scale-up: 1 max node group size reached",
    ],
    ["for its image", pending, [noRoom, event("Pulling", 'Pulling image "x"', 5)], "its image is being loaded"],
    [
      "for an image that is not there",
      waitingFor("ImagePullBackOff", 'Back-off pulling image "x"'),
      [event("Pulling", "", 5)],
      'its image cannot be loaded: Back-off pulling image "x"',
    ],
    ["for its container", waitingFor("ContainerCreating"), [], "its container is being prepared"],
    ["for something new", waitingFor("SomethingNew", "in words"), [], "SomethingNew: in words"],
    [
      "for its network",
      waitingFor("ContainerCreating"),
      [event("FailedCreatePodSandBox", "no address", 1)],
      "its machine cannot give it a network: no address",
    ],
    ["without an event", pending, [], null],
    ["with an event of no interest", pending, [event("Whatever", "it is", 1)], null],
    [
      "by its own condition",
      {
        ...pending,
        status: { ...pending.status, conditions: [{ type: "PodScheduled", status: "False", message: "no room" }] },
      },
      [],
      "no machine has room for it: no room",
    ],
    ["that is ending", { ...pending, metadata: { name: "pod", deletionTimestamp: ago(1) } }, [noRoom], "it is ending"],
  ])("%s", (_, pod, events, expected) => {
    expect(reasonOf(pod, events, NOW)).toBe(expected);
  });

  test("by the last event, whichever of its times it has", () => {
    const first: ReasonEvent = {
      ...event("Pulling", "", 0),
      lastTimestamp: undefined,
      eventTime: ago(9) as never,
    } as never;
    const series = { ...noRoom, series: { lastObservedTime: ago(1) as never } };
    expect(reasonOf(pending, [first, noRoom], NOW)).toBe("its image is being loaded");
    expect(reasonOf(pending, [first, series], NOW)).toContain("no machine has room");
  });
});

describe("a pod tells why it has failed", () => {
  test.each<[string, V1Pod, string | null]>([
    [
      "by its log",
      ended(42, "Error", "starting\nthe evaluation exports other columns\n"),
      "it has ended with 42: the evaluation exports other columns",
    ],
    ["without a log", ended(1, "Error"), "it has ended with 1"],
    ["without memory", ended(137, "OOMKilled"), "it has used more memory than its limit, and was ended"],
    ["evicted", failed({ reason: "Evicted", message: "low on memory" }), "its machine has put it out: low on memory"],
    [
      "interrupted",
      failed({ conditions: [{ type: "DisruptionTarget", status: "True", reason: "DeletionByTaintManager" }] }),
      "its machine was going away",
    ],
    ["without a trace", failed({}), null],
    [
      "for long",
      failed({ reason: "Evicted", message: "x".repeat(400) }),
      `its machine has put it out: ${"x".repeat(272)}...`,
    ],
  ])("%s", (_, pod, expected) => {
    expect(reasonOf(pod, [], NOW)).toBe(expected);
  });
});

describe("the workers of a sweep", () => {
  const root = temporaryDirectory();
  const file = {
    environment: "dev",
    namespace: "sweep",
    sizes: [],
    queueFolder: "queue",
    jobFolder: "jobs",
    allowCommands: false,
    submissionsPerMinute: 1,
  };
  const running: V1Pod = {
    metadata: { name: "b", creationTimestamp: ago(90) },
    spec: { nodeName: "node-1", containers: [] },
    status: {
      phase: "Running",
      startTime: ago(60),
      containerStatuses: [
        { name: "worker", image: "", imageID: "", ready: true, restartCount: 0, state: { running: {} } },
      ],
    },
  };
  const waiting: V1Pod = { metadata: { name: "a", creationTimestamp: ago(30) }, status: { phase: "Pending" } };

  function cluster(pods: readonly V1Pod[] | Error) {
    const asked: string[] = [];
    const answers: Pick<Cluster, "listPods" | "listPodEvents"> = {
      listPods: async (selector) => {
        asked.push(selector);
        if (pods instanceof Error) throw pods;
        return { pods, total: pods.length + 3 };
      },
      listPodEvents: async () => [{ ...noRoom, involvedObject: { name: "a" } } as CoreV1Event],
    };
    return { asked, connect: async () => answers as Cluster };
  }

  async function submitted(name: string, mode: "queue" | "job"): Promise<string> {
    const store = await openStore(join(root, ...name.split(":")));
    await store.create(testIdentity(10, 10), undefined);
    await writeSubmissionNote(store, { submittedBy: null, at: new Date().toISOString(), size: "large", mode });
    return store.url;
  }

  test("are the executors of its size, and one list in five seconds serves all viewers", async () => {
    await submitted("queue:one", "queue");
    await submitted("queue:two", "queue");
    let now = 0;
    const { asked, connect } = cluster([running, waiting]);
    const lists = new WorkerLists({ resultsRoot: root, file, storeOptions: {}, connect, now: () => now });
    const workers = await lists.of("queue:one");
    expect(workers).toEqual({
      source: "kubernetes",
      note: null,
      total: 5,
      workers: [
        {
          name: "a",
          state: "waiting",
          reason: "no machine has room for it: 0/2 nodes are available: 2 Insufficient cpu.",
          since: ago(30).toISOString(),
          node: null,
          size: "large",
        },
        { name: "b", state: "running", reason: null, since: ago(60).toISOString(), node: "node-1", size: "large" },
      ],
    });
    await Promise.all([lists.of("queue:one"), lists.of("queue:two"), lists.of("queue:one")]);
    expect(asked).toEqual([`app.kubernetes.io/instance=${executorsName({ size: "large" })}`]);
    now += 5_000;
    await lists.of("queue:one");
    expect(asked).toHaveLength(2);
  });

  test("are the pods of its Job", async () => {
    const url = await submitted("jobs:one", "job");
    const { asked, connect } = cluster([]);
    await new WorkerLists({ resultsRoot: root, file, storeOptions: {}, connect }).of("jobs:one");
    expect(asked).toEqual([`batch.kubernetes.io/job-name=${jobNameOf(url, { evaluation: "test" })}`]);
  });

  test("are unknown if the cluster is away, and that is no error", async () => {
    const { connect } = cluster(new ProblemError(503, "the cluster does not answer"));
    const lists = new WorkerLists({ resultsRoot: root, file, storeOptions: {}, connect });
    const none = (note: string) => ({ source: "none", note, workers: [], total: 0 });
    expect(await lists.of("queue:one")).toEqual(none("the cluster does not answer"));
    const nowhere = new WorkerLists({ resultsRoot: root, file, storeOptions: {}, connect: async () => undefined });
    expect(await nowhere.of("queue:one")).toEqual(none("this server runs in no cluster"));
    const laptop = new WorkerLists({ resultsRoot: root, file: undefined, storeOptions: {}, connect });
    expect(await laptop.of("queue:one")).toEqual(none("this server runs in no cluster"));
    expect(await lists.of("queue:none")).toEqual(none("it was not submitted here, and nobody knows its machines"));
    await expect(lists.of("queue:../x")).rejects.toBeInstanceOf(NotFoundError);
  });
});
