import { existsSync } from "node:fs";
import { collatz, refused, service } from "../../support/submissions-service.ts";

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
        allowed: "collatz, pi or prime",
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
