import { join } from "node:path";
import { readFailures, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();

test("an evaluation that uses the channel of its process costs its parameter, and the run goes on", async () => {
  const evaluation = writeEvaluation(
    directory,
    "channel",
    `export function evaluate(parameter) {
       if (parameter === 10) process.disconnect();
       if (parameter === 20) process.send(null);
       if (parameter === 30) process.send({ type: "fatal", permanent: true, message: "not ours" });
       // As a library that asks first whether somebody listens.
       process.send?.("hello");
       return parameter;
     }`,
  );
  const results = join(directory, "results");
  const { code, stdout } = await sweep(["run", evaluation, "--total", "100", "--workers", "1", "--results", results]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("Failed: 3\n") });
  expect(readFailures(results)).toEqual([
    { parameter: 10, kind: "threw", error: "TypeError: process.disconnect is not a function" },
    { parameter: 20, kind: "threw", error: "TypeError: process.send is not a function" },
    { parameter: 30, kind: "threw", error: "TypeError: process.send is not a function" },
  ]);
});
