import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serviceFileSchema } from "../../../worker/src/contract/service-file.ts";
import { canRun } from "../../support/required.ts";
import { urlOf } from "../../support/service-program.ts";
import { startProgram, startSweep, sweep, temporaryDirectory, writeEvaluation } from "../../support/sweep.ts";

const program = process.env.SCHEMATHESIS ?? "";
const isHere = program !== "" && spawnSync(program, ["--version"]).status === 0;
const missing = isHere ? undefined : "SCHEMATHESIS names no program of test/worker/service/requirements.txt";
const directory = temporaryDirectory();

/** Where the server submits to. Nothing listens there: a submission that is right is answered with 503. */
const file = serviceFileSchema.parse({
  environment: "dev",
  namespace: "sweep",
  sizes: [
    {
      size: "large",
      hourlyUsd: 0.68,
      queue: {
        queueUrl: "http://127.0.0.1:9/111122223333/large",
        deadLetterQueueUrl: "http://127.0.0.1:9/111122223333/large-dead",
        slots: 2,
        max: 3,
        slotsPerMachine: 2,
      },
    },
  ],
  queueFolder: "queue",
  jobFolder: "jobs",
  allowCommands: true,
  submissionsPerMinute: 100_000,
});

/**
 * Checks of schemathesis that this API cannot pass: limits of a submission depend on each other and on the environment, which no document
 * can say, so that a value that it allows may be refused with 400.
 */
const EXCLUDED = "positive_data_acceptance";

(canRun("schemathesis", "REQUIRE_PYTHON", missing) ? test : test.skip)(
  "no request that schemathesis makes up is answered with 500, or with anything that the document does not allow",
  async () => {
    const results = join(directory, "results");
    const failing = writeEvaluation(
      directory,
      "failing",
      `export const columns = ["a", "b"];
       export function evaluate(parameter: number) {
         if (parameter % 97 === 3) throw new RangeError("no " + parameter);
         return { a: parameter, b: Math.sin(parameter) };
       }`,
    );
    // The names are the examples of the document, so that its requests reach a sweep.
    for (const [evaluation, name] of [
      ["collatz", "queue/collatz-daec0fe4"],
      [failing, "failing"],
    ] as const) {
      const run = ["run", evaluation, "--total", "5000", "--batch-size", "100", "--results", join(results, name)];
      expect(await sweep(run)).toMatchObject({ code: 0 });
    }
    const configuration = join(directory, "service.json");
    writeFileSync(configuration, JSON.stringify(file));
    const server = startSweep(
      ["serve", "--results", results, "--configuration", configuration, "--port", "0", "--drain-seconds", "0"],
      { env: { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" } },
    );
    const url = await urlOf(server);
    const fuzz = startProgram(
      [
        ...[program, "run", `${url}/api/openapi.json`, "--checks", "all", "--exclude-checks", EXCLUDED, "--no-color"],
        ...["--max-examples", "5", "--phases", "examples,coverage,fuzzing", "--seed", "1", "--request-timeout", "10"],
      ],
      { cwd: directory },
    );
    const { code, stdout, stderr } = await fuzz.finished;
    server.child.kill("SIGTERM");
    const { stdout: log } = await server.finished;
    expect({ code, failures: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, failures: "" });
    expect(log.split("\n").filter((line) => line.includes('"status":500'))).toEqual([]);
    // It has come to the handlers, and not to an error before them.
    expect(log).toMatch(/"path":"\/api\/sweeps\/queue%3Acollatz-daec0fe4\/failures","status":200/);
  },
);
