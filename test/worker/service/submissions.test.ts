import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { submissionSchema } from "../../../worker/src/api/submission.ts";
import { TemporaryError } from "../../../worker/src/contract/errors.ts";
import { findEvaluation } from "../../../worker/src/evaluation/source.ts";
import { union } from "../../../worker/src/parameters/ranges.ts";
import { verify } from "../../../worker/src/results/verify.ts";
import { collatz, compute, directory, ranges, refused, service } from "../../support/submissions-service.ts";
import { writeEvaluation } from "../../support/sweep.ts";

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

describe("the environment", () => {
  test("tells what can be submitted", () => {
    expect(service().submissions.environment("ann")).toEqual({
      name: "dev",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      resultsRoot: expect.any(String),
      user: "ann",
      evaluations: ["collatz", "pi", "prime"],
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
