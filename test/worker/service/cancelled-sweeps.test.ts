import { join } from "node:path";
import { TemporaryError } from "../../../worker/src/contract/errors.ts";
import { NotFoundError } from "../../../worker/src/monitoring/index.ts";
import { Submissions } from "../../../worker/src/service/submissions.ts";
import { openStore } from "../../../worker/src/stores/open.ts";
import { collatz, compute, file, refused, service, TestQueue } from "../../support/submissions-service.ts";

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
