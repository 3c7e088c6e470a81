import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { readSettings } from "sweep-worker/contract";
import { describeProblem } from "../../constructs/support/problems.ts";
import type { JobFacts } from "../../tools/cost/environment.ts";
import type { Recommendation } from "../../tools/plan/recommendation.ts";
import { changesOf } from "../../tools/plan/settings.ts";
import { problemsOf } from "../support/fixtures.ts";
import { temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { planned } from "../support/sweep-plan.ts";
import { devWithJob, podEnvironment, synthesizeEnvironment } from "../support/workload.ts";

const directory = temporaryDirectory();
const PROGRAM = `'require("readline").createInterface(process.stdin).on("line", () => console.log("{\\"a\\":1,\\"b\\":2}"))'`;

/** The settings of a job with the lines. */
function pasted(settings: readonly string[]) {
  const job: object = runInNewContext(`({${settings.join("\n")}})`);
  // JSON makes objects of this realm, but has no undefined, which a line may say.
  return Object.fromEntries(
    Object.entries(job).map(([name, value]) => [name, value === undefined ? value : JSON.parse(JSON.stringify(value))]),
  );
}

const plannedForDev = (args: readonly string[]) => planned([...args, "--environment", "dev", "--seconds", "0.5"]);

test("the lines to paste make the job compute what was measured", async () => {
  const path = writeEvaluation(directory, "my_own", "export const evaluate = (parameter: number) => 2 * parameter;");
  const { settings, notes, recommendation } = await plannedForDev([path, "--total", "2000000", "--seed", "3"]);
  const job = pasted(settings);
  expect(job).toMatchObject({ workers: recommendation.workers, batchSize: recommendation.batchSize });
  const environment = devWithJob(job);
  // Before the file is copied to the place in the note.
  expect(problemsOf(environment).map(describeProblem)).toEqual([
    'workload.jobs[0].evaluation must be "collatz" or "prime", got "my_own": put its file into worker/evaluations and name it without folder and ending',
  ]);
  // An image from elsewhere may have it.
  const workload = { ...environment.workload, image: "docker.io/example/ttg-worker:1.0.0" };
  expect(podEnvironment(synthesizeEnvironment({ ...environment, workload }).workload, 0)).toMatchObject({
    EVALUATION: "my_own",
    TOTAL_PARAMETERS: "2000000",
    SEED: "3",
  });
  expect(notes).toEqual([
    `${path} is not in the image: copy it to worker/evaluations/my_own.ts, where a job finds it by its name.`,
  ]);
});

test.each([
  [[], "the job's own evaluation"],
  [["collatz"], "its name"],
  [[join(__dirname, "../../worker/evaluations/collatz.ts")], "its file in the repository"],
])("the lines leave out the present settings of the job: %j, %s", async (args) => {
  const { settings, notes } = await plannedForDev(args);
  const names = ["workers", "parallelism", "batchSize", "cpuRequestMillis", "cpuLimitMillis"];
  expect(Object.keys(pasted(settings))).toEqual(names);
  expect(notes).toEqual([]);
});

test("a program comes with its columns, and a note on where the image has it", async () => {
  const { settings, notes } = await plannedForDev([
    "--command",
    `node -e ${PROGRAM}`,
    "--columns",
    "a,b",
    "--total",
    "100",
  ]);
  const job = pasted(settings);
  expect(job).toMatchObject({
    evaluationCommand: `node -e ${PROGRAM}`,
    resultColumns: ["a", "b"],
    totalParameters: 100,
  });
  // The job of the environment names a module, which may not stay beside the program.
  expect(Object.entries(job)).toContainEqual(["evaluation", undefined]);
  expect(problemsOf(devWithJob(job)).map(describeProblem)).toEqual([]);
  expect(notes).toEqual([
    "evaluationCommand runs in the image, where worker/evaluations is /app/evaluations: see docs/image.md.",
  ]);
});

describe("of a job with a program", () => {
  const recommendation = {
    workers: 1000,
    batchSize: 10,
    pod: { cpuRequestMillis: 900, cpuLimitMillis: 1000 },
  } as Recommendation;
  const program = "python3 evaluations/waves.py";
  const same = { EVALUATION_COMMAND: program, RESULT_COLUMNS: "a,b" };
  const changes = (given: Record<string, string>, name: string, timeoutSeconds?: number) => {
    const configuration = readSettings({ ...given, TOTAL_PARAMETERS: "10", TOTAL_WORKERS: "1", WORKER_ID: "0" });
    const settings = { totalParameters: 10, evaluationCommand: program, resultColumns: ["a", "b"] };
    const facts = { settings } as unknown as JobFacts;
    return changesOf({ ...recommendation, timeoutSeconds }, facts, configuration, { name, source: name }, undefined)
      .settings;
  };

  test("a module takes the program's place", () => {
    expect(changes({ EVALUATION: "prime" }, "prime")).toEqual([
      'evaluation: "prime",',
      "evaluationCommand: undefined,",
      "resultColumns: undefined,",
      "workers: 1_000, parallelism: 1_000, batchSize: 10,",
      "cpuRequestMillis: 900, cpuLimitMillis: 1_000,",
    ]);
  });

  test("the same program needs no line, and a recommended timeout one", () => {
    expect(changes(same, "waves")).toHaveLength(2);
    expect(changes(same, "waves", 157)).toContain("evaluationTimeoutSeconds: 157,");
  });
});
