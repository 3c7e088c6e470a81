import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceFile } from "../../worker/src/contract/service-file.ts";
import type { Delivery } from "../../worker/src/queue/message-queue.ts";
import type { RangeMessage } from "../../worker/src/queue/messages.ts";
import type { AuditEntry } from "../../worker/src/service/audit.ts";
import { ProblemError } from "../../worker/src/service/problems.ts";
import { Submissions } from "../../worker/src/service/submissions.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { evaluated, storeAll } from "./stores.ts";
import { temporaryDirectory } from "./sweep.ts";

/* The submissions of a service whose results are in a folder, and whose queues are in the process. */

export const directory = temporaryDirectory();
export const file: ServiceFile = {
  environment: "dev",
  namespace: "sweep",
  sizes: [
    {
      size: "large",
      hourlyUsd: 0.68,
      queue: { queueUrl: "large", deadLetterQueueUrl: "large-dead", slots: 2, max: 20, slotsPerMachine: 12 },
    },
    {
      size: "small",
      hourlyUsd: null,
      queue: { queueUrl: "small", deadLetterQueueUrl: "small-dead", slots: 1, max: 3, slotsPerMachine: 2 },
    },
    { size: "gpu", hourlyUsd: 1, job: { max: 4, slotsPerMachine: 1, template: {} } },
  ],
  queueFolder: "queue",
  jobFolder: "jobs",
  allowCommands: false,
  submissionsPerMinute: 100,
};
let roots = 0;

/** A queue that answers a poll at once. */
export class TestQueue extends MemoryQueue {
  override async receive(most: number, waitSeconds: number): Promise<Delivery[]> {
    return this.waiting.length === 0 ? [] : super.receive(most, waitSeconds);
  }
}

export function service(changes: Partial<ServiceFile> | "none" = {}) {
  const root = join(directory, `root-${roots++}`);
  const queues = new Map<string, TestQueue>();
  const audit: AuditEntry[] = [];
  const queue = (url: string): TestQueue => {
    const known = queues.get(url) ?? new TestQueue();
    queues.set(url, known);
    return known;
  };
  const submissions = new Submissions({
    resultsRoot: root,
    file: changes === "none" ? undefined : { ...file, ...changes },
    storeOptions: {},
    openQueue: async (url) => queue(url),
    connect: async () => undefined,
    audit: (entry) => audit.push(entry),
  });
  const content = (name: string, of: string) => readFileSync(join(root, ...name.split(":"), of), "utf8");
  return { root, submissions, audit, queue, content };
}

export const collatz = { evaluation: { name: "collatz" }, total: 100_000, batchSize: 1_250, size: "large" };
export const ranges = (queue: MemoryQueue) => queue.waiting as RangeMessage[];

/** The answer to a request that is refused. */
export async function refused(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw error ?? new Error("nothing was refused");
  return error.answer;
}

/** Commits all results of a sweep, as executors do. */
export async function compute(root: string, name: string): Promise<string> {
  const store = await openStore(join(root, ...name.split(":")));
  const { identity } = await store.read();
  const blocks = Array.from({ length: identity.totalParameters / identity.batchSize }, (_, block) =>
    evaluated(block * identity.batchSize, identity.batchSize, block),
  );
  await storeAll(store, identity, blocks);
  return store.url;
}
