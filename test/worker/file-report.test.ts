import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileReport } from "../../worker/src/stores/file-report.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const pieces = [1, 2, 3].map((value) => Buffer.alloc(3 * 2 ** 20 + 1, value));

function place(name: string): { readonly folder: string; readonly path: string } {
  const folder = join(directory, name);
  mkdirSync(folder);
  return { folder, path: join(folder, "report") };
}

async function started(path: string): Promise<FileReport> {
  const report = new FileReport(path);
  for (const piece of pieces) await report.write(piece);
  return report;
}

test("a report longer than its memory replaces an earlier one when it is finished", async () => {
  const { folder, path } = place("long");
  writeFileSync(path, "earlier");
  const report = await started(path);
  await report.write("the end");
  expect(readFileSync(path, "utf8")).toBe("earlier");
  expect(readdirSync(folder)).toEqual(["report", expect.stringMatching(/^report\.\w{8}$/)]);
  await report.finish();
  expect(readFileSync(path).equals(Buffer.concat([...pieces, Buffer.from("the end")]))).toBe(true);
  expect(readdirSync(folder)).toEqual(["report"]);
});

test("a short report leaves no trace before it is finished, and an empty one is a file", async () => {
  const { folder, path } = place("short");
  const report = new FileReport(path);
  await report.write("one\n");
  expect(readdirSync(folder)).toEqual([]);
  await report.finish();
  expect(readFileSync(path, "utf8")).toBe("one\n");
  await new FileReport(path).finish();
  expect(readFileSync(path, "utf8")).toBe("");
});

test("reports of two processes with the same number, as in two containers, do not meet: the last one stays", async () => {
  const { folder, path } = place("twice");
  const [first, last] = [await started(path), await started(path)];
  await last.write("the last");
  await first.finish();
  await last.finish();
  expect(readFileSync(path).equals(Buffer.concat([...pieces, Buffer.from("the last")]))).toBe(true);
  expect(readdirSync(folder)).toEqual(["report"]);
});

test("an abandoned report leaves nothing, also after its name was refused", async () => {
  const { folder, path } = place("abandoned");
  await (await started(path)).abandon();
  expect(readdirSync(folder)).toEqual([]);
  mkdirSync(join(path, "inside"), { recursive: true });
  const refused = await started(path);
  await expect(refused.finish()).rejects.toThrow(`cannot use ${path}: `);
  await refused.abandon();
  expect(readdirSync(folder)).toEqual(["report"]);
});
