import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { submissionSchema } from "../../../worker/src/api/submission.ts";
import { TemporaryError } from "../../../worker/src/contract/errors.ts";
import type { ServiceFile } from "../../../worker/src/contract/service-file.ts";
import { findEvaluation } from "../../../worker/src/evaluation/source.ts";
import { NotFoundError } from "../../../worker/src/monitoring/index.ts";
import { union } from "../../../worker/src/parameters/ranges.ts";
import type { Delivery } from "../../../worker/src/queue/message-queue.ts";
import type { RangeMessage } from "../../../worker/src/queue/messages.ts";
import { verify } from "../../../worker/src/results/verify.ts";
import type { AuditEntry } from "../../../worker/src/service/audit.ts";
import { ProblemError } from "../../../worker/src/service/problems.ts";
import { Submissions } from "../../../worker/src/service/submissions.ts";
import { openStore } from "../../../worker/src/stores/open.ts";
import { MemoryQueue } from "../../support/memory-queue.ts";
import { evaluated, storeAll } from "../../support/stores.ts";
import { temporaryDirectory, writeEvaluation } from "../../support/sweep.ts";

const directory = temporaryDirectory();
const file: ServiceFile = {
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
class TestQueue extends MemoryQueue {
  override async receive(most: number, waitSeconds: number): Promise<Delivery[]> {
    return this.waiting.length === 0 ? [] : super.receive(most, waitSeconds);
  }
}

function service(changes: Partial<ServiceFile> | "none" = {}) {
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

const collatz = { evaluation: { name: "collatz" }, total: 100_000, batchSize: 1_250, size: "large" };
const ranges = (queue: MemoryQueue) => queue.waiting as RangeMessage[];

/** The answer to a request that is refused. */
async function refused(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw error ?? new Error("nothing was refused");
  return error.answer;
}

/** Commits all results of a sweep, as executors do. */
async function compute(root: string, name: string): Promise<string> {
  const store = await openStore(join(root, ...name.split(":")));
  const { identity } = await store.read();
  const blocks = Array.from({ length: identity.totalParameters / identity.batchSize }, (_, block) =>
    evaluated(block * identity.batchSize, identity.batchSize, block),
  );
  await storeAll(store, identity, blocks);
  return store.url;
}

describe("a submission", () => {
  test("is a run in the bucket with messages for one executor, and tells who has sent it", async () => {
    const { submissions, queue, content, audit } = service();
    const submitted = await submissions.submit({ ...collatz, maxFailures: 7 }, "ann@example.com");
    expect(submitted).toEqual({ name: expect.stringMatching(/^queue:collatz-[0-9a-f]{8}$/), isNew: true, messages: 8 });
    const { name } = submitted;
    const { sha256 } = findEvaluation("collatz");
    expect(JSON.parse(content(name, "run.json"))).toMatchObject({
      evaluation: "collatz",
      evaluationSha256: sha256,
      columns: ["steps"],
      totalParameters: 100_000,
      batchSize: 1_250,
      seed: 0,
    });
    expect(content(name, `evaluation-${sha256}.mjs`)).toContain("// sweep evaluation bundle");
    expect(JSON.parse(content(name, "sweep.json")).settings).toEqual({ maxFailures: 7 });
    const note = { submittedBy: "ann@example.com", at: expect.any(String), size: "large", mode: "queue" };
    expect(JSON.parse(content(name, "submission.json"))).toEqual({ format: "sweep-submission/1", ...note });
    expect(union(ranges(queue("large")))).toEqual([{ start: 0, count: 100_000 }]);
    expect(new Set(ranges(queue("large")).map(({ run }) => run))).toEqual(new Set([name.replace("queue:", "")]));
    expect(audit).toEqual([
      {
        action: "submit",
        user: "ann@example.com",
        sweep: name,
        size: "large",
        mode: "queue",
        outcome: "sent 8 messages",
      },
    ]);
  });

  test("is noted before the first message, so that nobody computes for an unknown user", async () => {
    const { root, submissions, queue } = service();
    let hadNote = false;
    queue("large").fault = (action) => {
      if (action !== "send") return;
      const [run = ""] = readdirSync(join(root, "queue"));
      hadNote = existsSync(join(root, "queue", run, "submission.json"));
    };
    await submissions.submit(collatz, null);
    expect(hadNote).toBe(true);
  });

  test("is the same sweep when it is repeated, and sends nothing while it is under way", async () => {
    const { submissions, queue, content, audit } = service();
    const first = await submissions.submit(collatz, "ann");
    const note = content(first.name, "submission.json");
    const again = await submissions.submit({ ...collatz, maxFailures: 3, executors: 9 }, "bob");
    expect(again).toEqual({ name: first.name, isNew: false, messages: 0 });
    expect(queue("large").waiting).toHaveLength(first.messages);
    expect(content(first.name, "submission.json")).toBe(note);
    expect(audit.at(-1)).toMatchObject({ user: "bob", sweep: first.name, outcome: "is under way already" });
  });

  test("that comes twice at the same time sends its messages once", async () => {
    const { submissions, queue } = service();
    const [first, second] = await Promise.all([submissions.submit(collatz, "ann"), submissions.submit(collatz, "ann")]);
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(queue("large").waiting).toHaveLength(first.messages);
  });

  test("for another size sends nothing either, while the first size works on it", async () => {
    const { submissions, queue, content } = service();
    const { name } = await submissions.submit(collatz, "ann");
    expect(await submissions.submit({ ...collatz, size: "small" }, "bob")).toEqual({ name, isNew: false, messages: 0 });
    expect(queue("small").waiting).toEqual([]);
    await submissions.cancel(name, "the other size is better", "ann");
    expect(await submissions.submit({ ...collatz, size: "small" }, "bob")).toEqual({ name, isNew: false, messages: 4 });
    expect(JSON.parse(content(name, "submission.json"))).toMatchObject({ submittedBy: "bob", size: "small" });
  });

  test("that fails half-way is completed by the next one", async () => {
    const { submissions, queue } = service();
    queue("large").fault = (action) => {
      if (action === "send") throw new TemporaryError("away");
    };
    await expect(submissions.submit(collatz, null)).rejects.toThrow("away");
    queue("large").fault = () => {};
    expect(await submissions.submit(collatz, null)).toMatchObject({ isNew: false, messages: 8 });
  });

  test("of a complete sweep asks for its receipt, and sends no range", async () => {
    const { root, submissions, queue, audit } = service();
    const { name } = await submissions.submit(collatz, null);
    const url = await compute(root, name);
    for (const delivery of await queue("large").receive(10, 0)) await queue("large").delete(delivery);
    expect(await submissions.submit(collatz, null)).toEqual({ name, isNew: false, messages: 0 });
    expect(queue("large").waiting).toEqual([{ format: "sweep-close/1", run: name.replace("queue:", "") }]);
    expect(audit.at(-1)?.outcome).toBe("is complete: asked for its receipt");
    await verify(url);
    for (const delivery of await queue("large").receive(10, 0)) await queue("large").delete(delivery);
    await submissions.submit(collatz, null);
    expect(queue("large").waiting).toEqual([]);
    expect(audit.at(-1)?.outcome).toBe("is complete and verified");
  });

  test("may have a name, which another sweep then cannot have", async () => {
    const { root, submissions } = service();
    expect((await submissions.submit({ ...collatz, name: "mine" }, null)).name).toBe("queue:mine");
    expect(await refused(submissions.submit({ ...collatz, name: "mine", seed: 1 }, null))).toEqual({
      type: "about:blank",
      status: 409,
      title: "Conflict",
      detail: `file:${root}/queue/mine holds the results of another run: seed is 0 there and 1 here. Use another place for the results, or the same settings; another name makes another place`,
    });
  });

  test("divides for more executors if it asks for them", async () => {
    const { submissions } = service();
    expect((await submissions.submit({ ...collatz, executors: 3 }, null)).messages).toBeGreaterThan(8);
  });
});

describe("an uploaded evaluation", () => {
  const source = writeEvaluation(
    directory,
    "uploaded",
    `globalThis.wasLoaded = true;
     export const columns = ["a", "b"];
     export const evaluate = (parameter: number) => ({ a: parameter, b: 1 });`,
  );
  const { bundle, sha256 } = findEvaluation(source);
  const text = Buffer.from(bundle as Uint8Array).toString();
  const upload = { ...collatz, evaluation: { name: "mine", bundle: text, columns: ["a", "b"] } };

  test("becomes a run with its bundle, and is not loaded", async () => {
    const { submissions, content } = service();
    const { name } = await submissions.submit(upload, null);
    expect(JSON.parse(content(name, "run.json"))).toMatchObject({
      evaluation: "mine",
      evaluationSha256: sha256,
      columns: ["a", "b"],
    });
    expect(content(name, `evaluation-${sha256}.mjs`)).toBe(text);
    expect(globalThis).not.toHaveProperty("wasLoaded");
  });

  test("has the column of a module without columns if it declares none", async () => {
    const { submissions, content } = service();
    const { name } = await submissions.submit({ ...collatz, evaluation: { name: "mine", bundle: text } }, null);
    expect(JSON.parse(content(name, "run.json")).columns).toEqual(["value"]);
  });

  test("must be a bundle with columns that can be columns", async () => {
    const { submissions } = service();
    const evaluation = { name: "mine", bundle: "export const evaluate = () => 1;", columns: ["a", "A"] };
    expect(await refused(submissions.submit({ ...upload, evaluation }, null))).toMatchObject({
      status: 400,
      detail:
        'evaluation.columns must be a list of different names of letters, digits and _, without parameter and error, got ["a","A"]: use for example ["steps","peak"]\n' +
        'evaluation.bundle must be a bundle, which begins with "// sweep evaluation bundle", got "export const evaluate = () => 1;": sweep bundle <module> writes one; upload the text of that file',
    });
  });
});

describe("a request that is wrong", () => {
  test("is refused with all problems at their paths", async () => {
    const { root, submissions } = service();
    const wrong = {
      evaluation: { name: "../../etc/passwd" },
      total: 10,
      batchSize: 20_000_000,
      evaluationTimeoutSeconds: 2_000_000,
      size: "large",
      executors: 21,
      name: "a b",
    };
    const answer = await refused(submissions.submit(wrong, null));
    expect(answer.status).toBe(400);
    expect(answer.title).toBe("Bad Request");
    expect(answer.problems).toEqual([
      {
        path: "batchSize",
        allowed: "a whole number from 1 to 10,000,000",
        got: "20000000",
        fix: "use for example 10000",
      },
      {
        path: "evaluationTimeoutSeconds",
        allowed: "a number of seconds from 0 to 1,000,000",
        got: "2000000",
        fix: "use for example 60",
      },
      {
        path: "executors",
        allowed: "a whole number from 1 to 20",
        got: "21",
        fix: 'the size "large" has no more; use fewer',
      },
      {
        path: "name",
        allowed: "up to 100 letters, digits, dots, hyphens and underlines that begin with a letter or a digit",
        got: '"a b"',
        fix: "give the run another name",
      },
      {
        path: "evaluation.name",
        allowed: "collatz or prime",
        got: '"../../etc/passwd"',
        fix: "choose one of these, or upload a bundle (sweep bundle writes one)",
      },
    ]);
    expect(answer.detail.split("\n")).toHaveLength(5);
    expect(existsSync(root)).toBe(false);
  });

  test.each<[string, object, string]>([
    [
      "a size that is not there",
      { size: "huge" },
      'size must be "large", "small" or "gpu", got "huge": choose one of the sizes of this environment',
    ],
    [
      "a size without a queue",
      { size: "gpu" },
      'mode must be "job", got "queue": the size "gpu" has no queue in this environment; choose the other mode or another size',
    ],
    [
      "a size without Jobs",
      { mode: "job" },
      'mode must be "queue", got "job": the size "large" has no job in this environment; choose the other mode or another size',
    ],
    [
      "a command",
      { evaluation: { command: "python3 evaluate.py" } },
      'evaluation.command must be left out, got "python3 evaluate.py": this environment takes no commands (services.allowCommands); name or upload an evaluation',
    ],
    [
      "too many blocks",
      { total: 100_000_000, batchSize: 1 },
      "batchSize must be 10 or more, because total is 100,000,000, got 1: a run has 10,000,000 blocks at most; use larger blocks",
    ],
  ])("because of %s", async (_, changes, detail) => {
    const { submissions } = service();
    const answer = await refused(submissions.submit({ ...collatz, ...changes }, null));
    expect(answer).toMatchObject({ status: 400, detail });
  });
});

describe("a command", () => {
  const commands = () => service({ allowCommands: true });

  test("is taken where commands are allowed", async () => {
    const { submissions, content } = commands();
    const evaluation = { command: "python3 -u evaluate.py", columns: ["a", "b"] };
    const { name } = await submissions.submit({ ...collatz, evaluation }, null);
    expect(name).toMatch(/^queue:python3-/);
    expect(JSON.parse(content(name, "run.json")).columns).toEqual(["a", "b"]);
    expect(JSON.parse(content(name, "sweep.json")).settings).toEqual({
      evaluationCommand: evaluation.command,
      resultColumns: ["a", "b"],
    });
  });

  test("that names a device is refused, since reading it would never end", async () => {
    const answer = await refused(
      commands().submissions.submit({ ...collatz, evaluation: { command: "cat /dev/zero" } }, null),
    );
    expect(answer.detail).toBe(
      'evaluation.command must be a command line of words and files, got "cat /dev/zero": the identity needs the content of its files, and "/dev/zero" has none; leave it out',
    );
  });

  test.each([" ", "\u0000"])("of %j is refused or a word", async (command) => {
    const submitted = commands().submissions.submit({ ...collatz, evaluation: { command } }, null);
    expect((await refused(submitted)).status).toBe(400);
  });
});

describe("cancel and resume", () => {
  test("stop a sweep, and let it go on", async () => {
    const { submissions, queue, content, audit } = service();
    const { name } = await submissions.submit(collatz, "ann");
    await submissions.cancel(name, "wrong seed", "bob");
    expect(JSON.parse(content(name, "sweep.json")).stop).toMatchObject({
      kind: "cancelled",
      reason: "wrong seed (bob)",
    });
    await submissions.cancel(name, "again", "bob");
    expect(JSON.parse(content(name, "sweep.json")).stop.reason).toBe("wrong seed (bob)");
    expect(await submissions.resume(name, 2, "bob")).toEqual({ name, isNew: false, messages: expect.any(Number) });
    expect(JSON.parse(content(name, "sweep.json"))).not.toHaveProperty("stop");
    expect(queue("large").waiting.length).toBeGreaterThan(8);
    expect(audit.map(({ action, user, size }) => [action, user, size])).toEqual([
      ["submit", "ann", "large"],
      ["cancel", "bob", "large"],
      ["resume", "bob", "large"],
    ]);
  });

  test("a resumed sweep leaves no dead letters behind", async () => {
    const { submissions, queue, audit } = service();
    const { name } = await submissions.submit(collatz, null);
    const run = name.replace("queue:", "");
    const others = { format: "sweep-range/1", run: "others", start: 0, count: 1 } as const;
    queue("large-dead").add({ format: "sweep-range/1", run, start: 0, count: 10 });
    queue("large-dead").add(others);
    await submissions.resume(name, undefined, null);
    queue("large-dead").expire();
    expect(queue("large-dead").waiting).toEqual([others]);
    expect(audit.at(-1)?.outcome).toBe("deleted 1 dead letter; sent 8 messages");
    queue("large-dead").fault = () => {
      throw new TemporaryError("the queue is away");
    };
    await submissions.resume(name, undefined, null);
    expect(audit.at(-1)?.outcome).toBe("dead letters stay: the queue is away; sent 8 messages");
  });

  test("need a sweep that somebody has submitted", async () => {
    const { root, submissions } = service();
    for (const name of ["queue:nobody", "../etc", "queue:..:x", ""]) {
      await expect(submissions.cancel(name, "", null)).rejects.toBeInstanceOf(NotFoundError);
      await expect(submissions.resume(name, undefined, null)).rejects.toBeInstanceOf(NotFoundError);
    }
    const { name } = await submissions.submit(collatz, null);
    await (await openStore(join(root, "queue", name.replace("queue:", "")))).note("sweep.json").remove();
    expect(await refused(submissions.cancel(name, "", null))).toMatchObject({
      status: 409,
      detail: `${root}/queue/${name.replace("queue:", "")} cannot be changed here, because nobody has submitted it: it ends where it was started, with sweep run or as a Job of the environment`,
    });
  });

  test("a complete sweep cannot be cancelled", async () => {
    const { root, submissions } = service();
    const { name } = await submissions.submit(collatz, null);
    await compute(root, name);
    const detail = `${name} is complete: there is nothing to cancel`;
    expect(await refused(submissions.cancel(name, "", null))).toMatchObject({ status: 409, detail });
  });

  test("a sweep from the command line is resumed where there is one size only", async () => {
    const { root, submissions } = service();
    const { name } = await submissions.submit(collatz, null);
    const place = join(root, ...name.split(":"));
    await (await openStore(place)).note("submission.json").remove();
    expect(await refused(submissions.resume(name, undefined, null))).toMatchObject({
      status: 409,
      detail: `it was submitted from a command line, and this environment has executors of several sizes: sweep resume ${place} --queue <url> goes on with it`,
    });
    const [large] = file.sizes;
    const one = new Submissions({
      resultsRoot: root,
      file: { ...file, sizes: large === undefined ? [] : [large] },
      storeOptions: {},
      openQueue: async () => new TestQueue(),
      audit: () => {},
    });
    expect((await one.resume(name, undefined, null)).messages).toBe(8);
  });

  test("a wrong number of executors is refused", async () => {
    const { submissions } = service();
    const { name } = await submissions.submit(collatz, null);
    const answer = await refused(submissions.resume(name, 21, null));
    expect(answer.problems?.map(({ path }) => path)).toEqual(["executors"]);
  });
});

describe("the environment", () => {
  test("tells what can be submitted", () => {
    expect(service().submissions.environment("ann")).toEqual({
      name: "dev",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      resultsRoot: expect.any(String),
      user: "ann",
      evaluations: ["collatz", "prime"],
      allowsCommands: false,
      sizes: [
        { size: "large", modes: ["queue"], max: 20, hourlyUsd: 0.68 },
        { size: "small", modes: ["queue"], max: 3, hourlyUsd: null },
        { size: "gpu", modes: ["job"], max: 4, hourlyUsd: 1 },
      ],
    });
  });

  test("of a laptop offers nothing, and takes nothing", async () => {
    const { submissions } = service("none");
    expect(submissions.environment(null)).toMatchObject({ name: null, evaluations: [], sizes: [], user: null });
    const detail =
      "this server shows sweeps and takes none, because it has no --configuration: sweep run computes one here, sweep submit gives one to a queue, and sweep resume goes on with one";
    expect(await refused(submissions.submit(collatz, null))).toMatchObject({ status: 403, detail });
    expect(await refused(submissions.resume("queue:x", undefined, null))).toMatchObject({ status: 403, detail });
  });
});

test("a user can send so many submissions in a minute, and others can go on", async () => {
  const { submissions } = service({ submissionsPerMinute: 2 });
  await submissions.submit(collatz, "ann");
  await submissions.submit(collatz, "ann");
  const tooMany = submissions.submit(collatz, "ann");
  await expect(tooMany).rejects.toMatchObject({ status: 429, retryAfterSeconds: 60 });
  expect((await refused(tooMany)).detail).toBe(
    "too many submissions: this server takes 2 a minute from a user. Try again in 60 s",
  );
  expect(await submissions.submit(collatz, "bob")).toMatchObject({ isNew: false });
});

test("the example of the document is a submission", () => {
  expect(submissionSchema.parse(collatz).mode).toBe("queue");
});
