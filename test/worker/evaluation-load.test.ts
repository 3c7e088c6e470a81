import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODE, SweepError } from "../../worker/src/contract/errors.ts";
import { findEvaluation } from "../../worker/src/evaluation/source.ts";
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

describe("a first attempt is told what to do:", () => {
  const errorOfFinding = (file: string, source: string) => {
    const path = join(directory, file);
    writeFileSync(path, source);
    try {
      findEvaluation(path);
    } catch (error) {
      return (error as Error).message.replaceAll(directory, "<folder>");
    }
    return undefined;
  };

  test("a program in another language is a command", () => {
    expect(errorOfFinding("a.py", "print(1)")).toBe(
      'evaluation must be a module of TypeScript or JavaScript, got "<folder>/a.py": ' +
        'a program in another language is a command: --command "python3 <folder>/a.py" (EVALUATION_COMMAND)',
    );
    expect(errorOfFinding("a.jl", "1")).toMatch(/: --command "<folder>\/a\.jl" \(EVALUATION_COMMAND\)$/);
  });

  test("a package that is missing can be installed", () => {
    expect(errorOfFinding("a.ts", 'import "no-such-package"; export const evaluate = () => 1;')).toBe(
      'the evaluation <folder>/a.ts cannot be bundled: a.ts:1: Could not resolve "no-such-package". ' +
        "Install the package beside the evaluation (npm install), or correct the import",
    );
  });

  test("an evaluate that is no function is named with its type", async () => {
    const { message } = await errorOfLoading("five", "export const evaluate = 5; export const columns = ['a'];");
    expect(message).toBe(
      "the evaluation five exports columns, evaluate (number); " +
        "it must export one function, evaluate(parameter, context) or evaluateBlock(start, count, out, context)",
    );
  });
});
