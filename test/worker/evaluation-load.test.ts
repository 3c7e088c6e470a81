import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODE, SweepError } from "../../worker/src/contract/errors.ts";
import { EvaluationSession } from "../../worker/src/supervisor/evaluation-session.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();

/** Loads a module, and returns the error. */
async function errorOfLoading(name: string, source: string, loadWithinMs?: number): Promise<SweepError> {
  const modulePath = join(directory, `${name}.mjs`);
  writeFileSync(modulePath, source);
  const session = new EvaluationSession({ source: { modulePath, name }, seed: 0, simulateWorkMs: 0, loadWithinMs });
  const error = await session.start().then(
    () => undefined,
    (reason) => reason,
  );
  session.close();
  expect(error).toBeInstanceOf(SweepError);
  return error;
}

describe("another attempt may help an evaluation that", () => {
  test.each(["SIGKILL", "SIGTERM", "SIGSEGV"])("%s ends while it loads", async (signal) => {
    const { exitCode, message } = await errorOfLoading(signal, `process.kill(process.pid, "${signal}"); for (;;);`);
    expect({ exitCode, message }).toEqual({
      exitCode: EXIT_CODE.TRY_AGAIN,
      message: `the evaluation cannot be loaded: the evaluation was ended by ${signal}${
        signal === "SIGKILL" ? ", as the kernel does when memory runs out" : ""
      }`,
    });
  });

  test("loads for too long", async () => {
    const { exitCode, message } = await errorOfLoading("late", "for (;;);", 300);
    expect({ exitCode, message }).toEqual({
      exitCode: EXIT_CODE.TRY_AGAIN,
      message: "the evaluation cannot be loaded: loading it takes more than 0.3 s",
    });
  });
});

describe("another attempt would not help an evaluation that", () => {
  test("ends its process while it loads", async () => {
    const { exitCode, message } = await errorOfLoading("exits", "process.exit(3);");
    expect({ exitCode, message }).toEqual({
      exitCode: EXIT_CODE.PERMANENT,
      message: "the evaluation cannot be loaded: the evaluation ended its process with exit code 3",
    });
  });

  test("throws while it loads", async () => {
    const { exitCode, message } = await errorOfLoading("throws", 'throw new Error("no table");');
    expect({ exitCode, message }).toEqual({
      exitCode: EXIT_CODE.PERMANENT,
      message: "the evaluation throws cannot be loaded: Error: no table",
    });
  });
});
