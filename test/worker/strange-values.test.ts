import { join } from "node:path";
import { describeError } from "../../worker/src/contract/errors.ts";
import { describeValue } from "../../worker/src/evaluation/block-evaluator.ts";
import { readFailures, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();

/** Values whose description throws, as source code, and their descriptions as a thrown and as a returned value. */
const STRANGE = [
  ["Object.create(null)", "threw an object that cannot be described", "{}"],
  [
    '({ toString() { throw new Error("no"); }, toJSON() { throw new Error("no"); } })',
    "threw an object that cannot be described",
    "an object that cannot be described",
  ],
  [
    "(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()",
    "threw an object that cannot be described",
    "an object that cannot be described",
  ],
  [
    "(() => { const { proxy, revoke } = Proxy.revocable(function () {}, {}); revoke(); return proxy; })()",
    "threw a function that cannot be described",
    "a function",
  ],
  ['Symbol("sign")', "threw Symbol(sign)", "Symbol(sign)"],
  ["10n", "threw 10", "10n"],
  ["undefined", "threw undefined", "undefined"],
  ["null", "threw null", "null"],
  [
    "(() => { const own = Object.create(null); own.self = own; return own; })()",
    "threw an object that cannot be described",
    "an object that cannot be described",
  ],
  [
    'Object.defineProperty(new RangeError("x"), "message", { get() { throw 1; } })',
    "RangeError: a message that cannot be read",
    "{}",
  ],
  ['Object.defineProperty(new Error("far"), "name", { get() { throw 1; } })', "a name that cannot be read: far", "{}"],
  ['Object.assign(new Error(), { message: Symbol("sign") })', "Error: Symbol(sign)", "{}"],
  [
    "Object.assign(new Error(), { message: Object.create(null) })",
    "Error: a message that cannot be read",
    '{"message":{}}',
  ],
  ["Object.assign(new Error(), { message: 7 })", "Error: 7", '{"message":7}'],
  [
    '(() => { const error = new Error("round"); error.cause = error; return error; })()',
    "Error: round",
    "Error: round",
  ],
] as const;

describe.each(STRANGE)("%s", (source, thrown, returned) => {
  const value: unknown = new Function(`return ${source}`)();

  test("is described", () => {
    expect(describeError(value)).toBe(thrown);
    expect(describeValue(value)).toBe(returned);
  });
});

test("long texts are cut", () => {
  expect(describeError(new Error("x".repeat(2_000)))).toBe(`Error: ${"x".repeat(993)}...`);
  expect(
    describeError(Object.assign(new Error("x"), { name: "y".repeat(2 ** 29 - 24), message: "z".repeat(99) })),
  ).toBe(`${"y".repeat(1_000)}...`);
  expect(describeValue("x".repeat(300))).toBe(`"${"x".repeat(199)}...`);
});

const list = STRANGE.map(([source]) => `() => ${source}`).join(",\n");
const MODULES = {
  evaluate: `const values = [${list}];
    export function evaluate(parameter) { if (parameter < values.length) throw values[parameter](); return parameter; }`,
  async: `const values = [${list}];
    export async function evaluate(parameter) { if (parameter < values.length) throw values[parameter](); return parameter; }`,
  evaluateBlock: `const values = [${list}];
    export function evaluateBlock(start, count, out) {
      if (start < values.length) throw values[start]();
      for (let index = 0; index < count; index++) out[index] = start + index;
    }`,
};

test.each(Object.entries(MODULES))(
  "a module's %s may throw any value: it costs this parameter",
  async (name, source) => {
    const evaluation = writeEvaluation(directory, name, source);
    const results = join(directory, `${name}-results`);
    const options = ["--total", "100", "--batch-size", "50", "--workers", "1", "--results", results];
    const { code, stderr } = await sweep(["run", evaluation, ...options]);
    expect({ code, stderr: stderr.replace(/^\[WORKER 0\] parameter .*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
    expect(readFailures(results)).toEqual(STRANGE.map(([, error], parameter) => ({ parameter, kind: "threw", error })));
  },
);

test("a module may return any value, and leave any error behind", async () => {
  const evaluation = writeEvaluation(
    directory,
    "returns",
    `const values = [${list}];
     export function evaluate(parameter) {
       if (parameter < values.length) return values[parameter]();
       if (parameter === 50) Promise.reject(Object.create(null));
       if (parameter === 51) setTimeout(() => { throw Object.create(null); });
       if (parameter === 52) return { get then() { throw Object.create(null); } };
       if (parameter === 53) return { then(_, reject) { reject(Object.create(null)); } };
       return parameter;
     }`,
  );
  const results = join(directory, "returned");
  const options = ["--total", "100", "--batch-size", "50", "--workers", "1", "--results", results];
  const { code } = await sweep(["run", evaluation, ...options]);
  expect(code).toBe(0);
  const failures = readFailures(results);
  expect(failures.map(({ parameter }) => parameter)).toEqual([...STRANGE.keys(), 52, 53]);
  expect(failures.slice(-2).map(({ error }) => error)).toEqual(
    Array(2).fill("threw an object that cannot be described"),
  );
});

test("a module may export any value as its columns: the error is clear", async () => {
  const evaluation = writeEvaluation(
    directory,
    "columns",
    "export const columns = [Object.create(null)]; export const evaluate = () => 1;",
  );
  const { code, stderr } = await sweep([
    "run",
    evaluation,
    "--total",
    "1",
    "--results",
    join(directory, "columns-results"),
  ]);
  expect({ code, stderr }).toEqual({
    code: 42,
    stderr: `error: columns must be a list of different names of letters, digits and _, without parameter and error, got [{}]: export for example columns = ["steps", "peak"]\n`,
  });
});

test("sweep replay prints any value that was thrown", async () => {
  const evaluation = writeEvaluation(
    directory,
    "replayed",
    `const values = [() => Object.create(null), () => Object.defineProperty(new Error("x"), "stack", { get() { throw 1; } })];
     export function evaluate(parameter) { throw values[parameter](); }`,
  );
  for (const [parameter, stderr] of ["threw an object that cannot be described\n", "Error: x\n"].entries())
    expect(await sweep(["replay", String(parameter), evaluation])).toMatchObject({ code: 1, stderr });
});
