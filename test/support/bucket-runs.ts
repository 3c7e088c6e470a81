import type { FakeS3, Fault } from "./fake-s3.ts";
import { type Finished, sweep, workerEnvironment, writeEvaluation } from "./sweep.ts";

/** The place of the run of {@link environmentIn}. */
export const RESULTS = "s3://bucket/runs/one";
/** Its parameters, in 30 blocks. */
export const TOTAL = 30_000;

/** An evaluation with two columns and one failure. */
export function writeSquare(directory: string): string {
  return writeEvaluation(
    directory,
    "square",
    `export const columns = ["square", "root"];
     export function evaluate(parameter: number) {
       if (parameter === 12_345) throw new Error("not this one");
       return { square: parameter ** 2, root: Math.sqrt(parameter) };
     }`,
  );
}

/** The environment variables of the only worker of a run in a bucket. */
export function environmentIn(s3: FakeS3, evaluation: string, changes: Record<string, string> = {}) {
  return {
    ...workerEnvironment({ evaluation, total: TOTAL, batchSize: 1_000, results: RESULTS }),
    ...s3.environment,
    S3_REQUEST_TIMEOUT_MS: "500",
    ...changes,
  };
}

export function blocksIn(s3: FakeS3): string[] {
  return [...s3.objects.keys()].filter((key) => key.includes("/blocks/"));
}

/** The log lines of a worker that has ended. */
export function messagesOf({ stdout }: Finished): string[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).msg);
}

/** The bucket answers with a fault from the sixth block on: the worker ends, and another one completes the run when the fault is gone. */
export async function expectEndByFault(
  s3: FakeS3,
  env: Record<string, string>,
  { fault, code, message }: { fault: ReturnType<Fault>; code: number; message: unknown },
): Promise<void> {
  s3.fault = ({ method, key }) =>
    method === "PUT" && key.includes("/blocks/") && blocksIn(s3).length >= 5 ? fault : undefined;
  const finished = await sweep(["worker"], { env: { ...env, AWS_MAX_ATTEMPTS: "2" } });
  expect(finished.code).toBe(code);
  expect(messagesOf(finished)).toContainEqual(message);
  expect(blocksIn(s3).length).toBeGreaterThanOrEqual(5);
  s3.fault = () => undefined;
  expect((await sweep(["worker"], { env })).code).toBe(0);
  expect((await sweep(["verify", RESULTS], { env: s3.environment })).code).toBe(0);
}

/** Every third PUT is answered with a status: the worker tries it again. */
export async function expectAnotherTry(s3: FakeS3, env: Record<string, string>, status: number): Promise<void> {
  let requests = 0;
  s3.fault = ({ method }) => (method === "PUT" && ++requests % 3 === 0 ? status : undefined);
  const { code } = await sweep(["worker"], { env });
  expect(code).toBe(0);
  expect(blocksIn(s3)).toHaveLength(30);
  expect(s3.requests.filter((request) => request.includes("/blocks/")).length).toBeGreaterThan(30);
}
