import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import { readReceipt, sweep, temporaryDirectory, workerEnvironment, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const TRIPLE = writeEvaluation(directory, "triple", "export const evaluate = (parameter: number) => 3 * parameter;");
const OTHER = writeEvaluation(directory, "other", "export const evaluate = (parameter: number) => 5 * parameter;");
const BUCKET = "s3://bucket/runs/one";
let s3: FakeS3;

beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(() => s3.stop());

/** A place of results: what it holds by name, and how the commands reach it. */
interface Place {
  readonly url: string;
  readonly names: () => string[];
  readonly read: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  readonly remove: (name: string) => void;
}

let places = 0;
function inDirectory(): Place {
  const path = join(directory, `results-${places++}`);
  return {
    url: path,
    names: () => readdirSync(path),
    read: (name) => readFileSync(join(path, name), "utf8"),
    write: (name, text) => writeFileSync(join(path, name), text),
    remove: (name) => rmSync(join(path, name)),
  };
}

function inBucket(): Place {
  const url = `${BUCKET}-${places++}`;
  const prefix = url.replace("s3://bucket/", "");
  return {
    url,
    names: () =>
      [...s3.objects.keys()].filter((key) => key.startsWith(`${prefix}/`)).map((key) => key.slice(prefix.length + 1)),
    read: (name) => String(s3.objects.get(`${prefix}/${name}`)),
    write: (name, text) => s3.objects.set(`${prefix}/${name}`, Buffer.from(text)),
    remove: (name) => s3.objects.delete(`${prefix}/${name}`),
  };
}

const start = (place: Place, changes: Record<string, string> = {}) =>
  sweep(["worker"], {
    env: {
      ...workerEnvironment({ evaluation: TRIPLE, total: 100, results: place.url }),
      SEED: "3",
      ...s3.environment,
      ...changes,
    },
  });
const verify = (place: Place) => sweep(["verify", place.url], { env: s3.environment });
const replay = (place: Place) => sweep(["replay", "7", "--results", place.url], { env: s3.environment });
const errorOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trimEnd().split("\n").at(-1) as string).msg;
const bundleOf = (place: Place) => place.names().filter((name) => name.startsWith("evaluation"));
const shown = ({ url }: Place) => (url.startsWith("s3:") ? url : `file:${url}`);
/** Errors about run.json name its path, and in a bucket its URL. */
const runFileOf = ({ url }: Place) => `${url}/run.json`;
/** A run.json of an earlier version. */
const withoutChecksum = (text: string) => text.replace(/,\n {2}"checksum": "[0-9a-f]{64}"/, "");

describe.each([
  ["a directory", inDirectory],
  ["a bucket", inBucket],
])("in %s", (_, createPlace) => {
  let place: Place;

  beforeEach(async () => {
    place = createPlace();
    expect(await start(place)).toMatchObject({ code: 0 });
  });

  test("a seed that was changed is refused by verify, replay, status and workers", async () => {
    place.write("run.json", place.read("run.json").replace('"seed": 3', '"seed": 7'));
    const message = `${runFileOf(place)} does not match its checksum: it was changed after the run had begun. It identifies the run of the results beside it: undo the change, or use another place for the results`;
    const status = await sweep(["status", place.url], { env: s3.environment });
    for (const finished of [await verify(place), await replay(place), status])
      expect(finished).toMatchObject({ code: 42, stdout: "", stderr: `error: ${message}\n` });
    const worker = await start(place, { SEED: "7" });
    expect({ code: worker.code, message: errorOf(worker) }).toEqual({ code: 42, message });
    expect(place.names()).not.toContain("receipt.json");
  });

  test.each([
    ["in its code", (text: string) => text.replace("3*", "4*")],
    ["at its end", (text: string) => `${text}globalThis.changed = true;\n`],
  ])("an evaluation that was changed %s is refused by verify, replay and workers", async (_, change) => {
    const [name = ""] = bundleOf(place);
    const text = place.read(name);
    expect(change(text)).not.toBe(text);
    place.write(name, change(text));
    const message = `${shown(place)}/${name} is not the evaluation of the run: its SHA-256 is not the evaluationSha256 of run.json. Delete the file, and start the run again, which writes the evaluation anew`;
    for (const finished of [await verify(place), await replay(place)])
      expect(finished).toMatchObject({ code: 42, stdout: "", stderr: expect.stringContaining(`error: ${message}\n`) });
    const worker = await start(place);
    expect({ code: worker.code, message: errorOf(worker) }).toEqual({ code: 42, message });
    expect(place.names()).not.toContain("receipt.json");
    // As the message says.
    place.remove(name);
    expect((await start(place)).code).toBe(0);
    expect(place.read(name)).toBe(text);
    expect((await verify(place)).code).toBe(0);
  });

  test("the evaluation has its hash as its name, and the next start writes it if the first could not", async () => {
    const { evaluationSha256 } = JSON.parse(place.read("run.json"));
    const [name = "", ...others] = bundleOf(place);
    expect([name, others]).toEqual([`evaluation-${evaluationSha256}.mjs`, []]);
    const text = place.read(name);
    place.remove(name);
    expect((await start(place)).code).toBe(0);
    expect(place.read(name)).toBe(text);
    expect(await replay(place)).toMatchObject({ code: 0, stdout: "21\n" });
  });

  test("the files of earlier versions are read, and the receipt says that nothing proves the identity", async () => {
    const [name = ""] = bundleOf(place);
    place.write("evaluation.mjs", place.read(name));
    place.remove(name);
    place.write("run.json", withoutChecksum(place.read("run.json")));
    expect((await start(place)).code).toBe(0);
    expect(bundleOf(place)).toEqual(["evaluation.mjs"]);
    expect(await replay(place)).toMatchObject({ code: 0, stdout: "21\n" });
    expect(await verify(place)).toMatchObject({
      code: 0,
      stderr: `warning: an earlier version wrote ${shown(place)}/run.json without a checksum, so nothing proves the seed and the other settings in the receipt\n`,
    });
    expect(JSON.parse(place.read("receipt.json"))).toMatchObject({ seed: 3, isIdentityUnchecked: true });
    place.write("evaluation.mjs", place.read("evaluation.mjs").replace("3*", "4*"));
    expect((await verify(place)).stderr).toContain(`${shown(place)}/evaluation.mjs is not the evaluation of the run`);
  });

  test("the receipt of a checked identity has no such word", async () => {
    expect(await verify(place)).toMatchObject({ code: 0, stderr: "" });
    expect(Object.keys(JSON.parse(place.read("receipt.json")))).not.toContain("isIdentityUnchecked");
  });

  test("another run is refused, and leaves nothing there", async () => {
    const names = place.names();
    expect((await start(place, { EVALUATION: OTHER })).code).toBe(42);
    expect(place.names()).toEqual(names);
  });
});

test("of two runs that start in one place of a bucket at the same time, the loser changes nothing of the winner's", async () => {
  const place = inBucket();
  expect((await start(place)).code).toBe(0);
  const won = [...s3.objects].filter(([key]) => key.startsWith(`${place.url.slice("s3://bucket/".length)}/`));
  for (const [key] of won) s3.objects.delete(key);
  // The winner's objects appear after the loser has looked, and before it writes for the first time.
  s3.fault = ({ method }) => {
    if (method === "PUT") for (const [key, object] of won.splice(0)) s3.objects.set(key, object);
    return undefined;
  };
  const loser = await start(place, { EVALUATION: OTHER });
  expect({ code: loser.code, message: errorOf(loser) }).toEqual({
    code: 42,
    message: expect.stringContaining(`${place.url} holds the results of another run: evaluation is "triple" there`),
  });
  s3.fault = () => undefined;
  expect((await verify(place)).code).toBe(0);
  expect(await replay(place)).toMatchObject({ code: 0, stdout: "21\n" });
});

test("a start that ends between run.json and the evaluation is healed by the next", async () => {
  const place = inBucket();
  s3.fault = ({ method, key }) => (method === "PUT" && key.includes("/evaluation") ? 403 : undefined);
  expect((await start(place)).code).toBe(42);
  s3.fault = () => undefined;
  expect(place.names()).toEqual(["run.json"]);
  expect((await start(place)).code).toBe(0);
  expect(await replay(place)).toMatchObject({ code: 0, stdout: "21\n" });
});

test("files that a download keeps are as good as the bucket's", async () => {
  const place = inBucket();
  expect((await start(place)).code).toBe(0);
  place.write("run.json", withoutChecksum(place.read("run.json")));
  const download = join(directory, "download");
  expect((await sweep(["verify", place.url, "--download", download], { env: s3.environment })).code).toBe(0);
  expect((await sweep(["verify", download])).stderr).toContain("without a checksum");
  expect(readReceipt(download)).toMatchObject({ isIdentityUnchecked: true });
});

test("a bucket that may only be read is verified, without a receipt", async () => {
  const place = inBucket();
  expect((await start(place)).code).toBe(0);
  s3.fault = ({ method }) => (method === "PUT" ? 403 : undefined);
  const { code, stdout } = await verify(place);
  s3.fault = () => undefined;
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining(
      `receipt    not written: cannot write to ${place.url}/: AccessDenied: as the test asked\n`,
    ),
  });
});
