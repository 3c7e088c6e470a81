import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readColumn, readFailures, readReceipt, sweep, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();

/** Writes a program for Node.js that answers each line with what `answer` prints, and returns its command. */
function program(name: string, answer: string): string {
  const source = `
    import { createInterface } from "node:readline";
    for await (const line of createInterface({ input: process.stdin })) {
      const { parameter, seed } = JSON.parse(line);
      ${answer}
    }`;
  const path = join(directory, `${name}.mjs`);
  writeFileSync(path, source);
  return `node ${path}`;
}

async function run(name: string, command: string, options: readonly string[] = []) {
  const results = join(directory, `${name}-results`);
  const args = [
    "run",
    "--command",
    command,
    "--total",
    "1000",
    "--batch-size",
    "250",
    "--workers",
    "2",
    "--results",
    results,
  ];
  return { results, ...(await sweep([...args, ...options])) };
}

test("a program is started once for each worker and answers every parameter", async () => {
  const command = program(
    "square",
    'if (parameter % 250 === 0) console.error("pid", process.pid); console.log(parameter ** 2);',
  );
  const { code, results, stderr } = await run("square", command);
  expect(code).toBe(0);
  expect(readColumn(results)).toEqual(Float64Array.from({ length: 1000 }, (_, parameter) => parameter ** 2));
  expect(new Set(stderr.match(/pid \d+/g)).size).toBe(2);
});

test("a program may answer with columns, and draws from a seed of its own for each parameter", async () => {
  const command = program("columns", 'console.log(JSON.stringify({ seed, parity: parameter % 2, more: "ignored" }));');
  const { code, results } = await run("columns", command, ["--columns", "seed,parity"]);
  expect(code).toBe(0);
  expect([...readColumn(results, "parity").subarray(0, 3)]).toEqual([0, 1, 0]);
  const seeds = readColumn(results, "seed");
  expect(new Set(seeds).size).toBe(1000);
  expect(seeds.every(Number.isSafeInteger)).toBe(true);
  // Pinned like the numbers of pinned-values.test.ts: a program's results depend on them.
  expect([...seeds.subarray(0, 2)]).toEqual([8736514871622439, 6107478482008917]);
});

test("a program's bad answers and its end cost one parameter each", async () => {
  const command = program(
    "bad",
    `if (parameter === 10) process.exit(3);
     else if (parameter === 20) console.log("not JSON");
     else if (parameter === 30) console.log('{"error": "the solver diverged"}');
     else if (parameter === 40) for (;;);
     else if (parameter === 50) process.kill(process.pid, "SIGKILL");
     else if (parameter === 60) console.log("[1]");
     else console.log(parameter);`,
  );
  const { code, results } = await run("bad", command, ["--timeout", "1"]);
  expect(code).toBe(0);
  expect(readFailures(results)).toEqual([
    { parameter: 10, kind: "exited", error: "the program exited with code 3" },
    { parameter: 20, kind: "invalid-result", error: 'answered "not JSON"; expected one line of JSON' },
    { parameter: 30, kind: "threw", error: "the solver diverged" },
    { parameter: 40, kind: "timeout", error: "did not return within 1 s (--timeout)" },
    { parameter: 50, kind: "killed", error: "the program was ended by SIGKILL" },
    { parameter: 60, kind: "invalid-result", error: "answered [1]; expected a number" },
  ]);
  expect(readReceipt(results)).toMatchObject({ present: 994, failed: 6 });
  expect([9, 11, 19, 21, 29, 31, 41, 51, 61].map((parameter) => readColumn(results)[parameter])).toEqual([
    9, 11, 19, 21, 29, 31, 41, 51, 61,
  ]);
});

test("a program that prints more than its answers is refused, because each answer would go to another parameter", async () => {
  const { code, stderr } = await run("chatty", program("chatty", 'console.log("working"); console.log(parameter);'));
  expect(code).toBe(42);
  expect(stderr).toContain(
    "prints more than one line for a parameter; print the answer only, and everything else to standard error",
  );
});

test("a missing program is named", async () => {
  const { code, stderr } = await run("missing", "no-such-program --fast");
  expect(code).toBe(42);
  expect(stderr).toContain('cannot start "no-such-program": there is no such program');
});

test("an edited program is another run, and its place on the disk does not matter", async () => {
  const command = program("edited", "console.log(1);");
  expect((await run("edited", command)).code).toBe(0);
  program("edited", "console.log(2);");
  const { code, stderr } = await run("edited", command);
  expect(code).toBe(42);
  expect(stderr).toContain("evaluationSha256 is ");
});
