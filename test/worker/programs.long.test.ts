import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readColumn, readFailures, readReceipt, sha256, sweep, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();

/** Writes a program for Node.js that answers each line with what `answer` prints, and returns its command. */
function program(name: string, answer: string, first = ""): string {
  const path = join(directory, `${name}.mjs`);
  writeFileSync(
    path,
    `import { createInterface } from "node:readline";
    import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    const log = (text) => appendFileSync(${JSON.stringify(join(directory, `${name}.log`))}, text + "\\n");
    log("start");
    ${first}
    for await (const line of createInterface({ input: process.stdin })) {
      const { parameter, seed } = JSON.parse(line);
      ${answer}
    }`,
  );
  return `node ${path}`;
}

/** The lines that all starts of a program have logged. */
function logOf(name: string): string[] {
  return readFileSync(join(directory, `${name}.log`), "utf8")
    .trimEnd()
    .split("\n");
}

/** Runs a program in one worker, over 200 parameters in blocks of 100. */
async function run(name: string, command: string, options: readonly string[] = []) {
  const results = join(directory, `${name}-results`);
  const fixed = ["--total", "200", "--batch-size", "100", "--workers", "1", "--results", results];
  return { results, ...(await sweep(["run", "--command", command, ...fixed, ...options])) };
}

describe.each([1, 4])("with %i in flight", (concurrency) => {
  const options = ["--timeout", "5", "--concurrency", String(concurrency)];
  const attempts = 4 + concurrency;

  test("a parameter that hangs costs one timeout, and the first says what to look for", async () => {
    const name = `hangs-${concurrency}`;
    const hangs = "if (parameter === 30 || parameter === 150) { log(parameter); for (;;); }";
    const command = program(name, `${hangs} console.log(parameter / 2);`);
    const { code, results, stderr } = await run(name, command, options);
    expect(code).toBe(0);
    const error = "did not return within 5 s (--timeout)";
    expect(readFailures(results)).toEqual([
      { parameter: 30, kind: "timeout", error },
      { parameter: 150, kind: "timeout", error },
    ]);
    expect(readReceipt(results)).toMatchObject({ present: 198, failed: 2 });
    expect(logOf(name).filter((line) => line !== "start")).toEqual(["30", "150"]);
    // No other program is started than the first ones and one for each that was killed.
    expect(logOf(name).filter((line) => line === "start").length).toBeLessThanOrEqual(concurrency + 2);
    expect(stderr.match(/.*a program must flush its output after each line/g)).toEqual([
      "parameter 30 takes longer than 5 s (--timeout); a program must flush its output after each line",
    ]);
  });

  test("a parameter that ends its program costs one parameter", async () => {
    const name = `ends-${concurrency}`;
    const command = program(
      name,
      "if (parameter === 30) process.exit(3); if (parameter === 0) process.exit(4); console.log(parameter / 2);",
    );
    const { code, results } = await run(name, command, options);
    expect(code).toBe(0);
    expect(readFailures(results)).toEqual([
      { parameter: 0, kind: "exited", error: "the program exited with code 4" },
      { parameter: 30, kind: "exited", error: "the program exited with code 3" },
    ]);
    expect(readReceipt(results)).toMatchObject({ present: 198, failed: 2 });
  });

  test("a program that never answers ends the run with 42 and its last line of error, after a few starts", async () => {
    const name = `import-error-${concurrency}`;
    const command = program(name, "console.log(1);", 'console.error("ModelError: no model.bin"); process.exit(1);');
    const { code, stderr, results } = await run(name, command, options);
    expect(code).toBe(42);
    expect(stderr).toContain(
      `the program ${JSON.stringify(command)} has answered nothing in ${attempts} starts for ${attempts} parameters; ` +
        "the last time, the program exited with code 1: ModelError: no model.bin\n",
    );
    const starts = logOf(name).length;
    expect(starts).toBeGreaterThanOrEqual(attempts);
    expect(starts).toBeLessThan(attempts + concurrency);
    // A mended program finds nothing recorded against its parameters.
    const { stdout } = await sweep(["status", results, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ present: 0, failed: 0, remaining: 200 });
  });

  test("a program that does not flush ends the run with 42 and advice", async () => {
    const name = `buffers-${concurrency}`;
    const command = program(name, "log(parameter);");
    const { code, stderr } = await run(name, command, [...options, "--timeout", "2"]);
    expect(code).toBe(42);
    expect(stderr).toMatch(
      new RegExp(
        `has answered nothing in ${attempts} starts for ${attempts} parameters; the last time, parameter ${attempts - 1} takes longer than 2 s ` +
          "\\(--timeout\\); a program must flush its output after each line\n",
      ),
    );
  });
});

test("bad first parameters do not give up programs that are still busy with their first answers", async () => {
  const command = program(
    "slow-starts",
    "if (parameter < 5) process.exit(3); if (parameter < 20) await setTimeout(1_000); console.log(parameter);",
  );
  const { code, results } = await run("slow-starts", command, ["--timeout", "30", "--concurrency", "8"]);
  expect(code).toBe(0);
  expect(readReceipt(results)).toMatchObject({ present: 195, failed: 5 });
});

test("the child of a program that hangs is killed with it", async () => {
  const name = "child";
  const pid = JSON.stringify(join(directory, `${name}.pid`));
  const command = program(
    name,
    `if (parameter === 5) { writeFileSync(${pid}, String(process.pid)); for (;;); }
      if (parameter === 199) {
        const path = "/proc/" + readFileSync(${pid}) + "/stat";
        log(existsSync(path) && !/\\) Z /.test(readFileSync(path)) ? "lives" : "is dead");
      }
      console.log(parameter);`,
  );
  const script = join(directory, `${name}.sh`);
  writeFileSync(script, `${command}\nexit $?\n`);
  const { code, results } = await run(name, `sh ${script}`, ["--timeout", "5"]);
  expect(code).toBe(0);
  expect(readFailures(results).map(({ parameter }) => parameter)).toEqual([5]);
  expect(logOf(name)).toContain("is dead");
});

test("--concurrency starts several programs in each worker, and does not change a byte", async () => {
  // Each program answers only when four of them have a question.
  const askedIn = join(directory, "asked");
  mkdirSync(askedIn);
  const gate = `writeFileSync(${JSON.stringify(askedIn)} + "/" + process.pid, "");
    while (process.env.GATE && readdirSync(${JSON.stringify(askedIn)}).length < 4) await setTimeout(5);`;
  const command = program("gate", `${gate} console.log(parameter % 7 === 6 ? '{"error":"seven"}' : seed);`);
  const args = ["run", "--command", command, "--total", "200", "--batch-size", "100", "--workers", "1"];
  const four = ["--concurrency", "4", "--results", join(directory, "four")];
  expect((await sweep([...args, ...four], { env: { GATE: "1" } })).code).toBe(0);
  expect(logOf("gate")).toHaveLength(4);
  expect((await sweep([...args, "--results", join(directory, "one")])).code).toBe(0);
  for (const file of ["run.json", "columns/value.f64", "failures.jsonl"]) {
    expect(sha256(join(directory, "four", file))).toBe(sha256(join(directory, "one", file)));
  }
  expect(new Set(readColumn(join(directory, "four"))).size).toBe(1 + 200 - 28);
});
