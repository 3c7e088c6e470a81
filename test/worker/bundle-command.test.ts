import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleCommand } from "../../worker/src/commands/bundle.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();

describe("sweep bundle", () => {
  test("replaces an earlier bundle, and no other file: its default name may be that of the source", async () => {
    const folder = join(directory, "bundles");
    mkdirSync(folder);
    const source = "export const evaluate = (parameter) => parameter;\n";
    const module = join(folder, "mine.mjs");
    writeFileSync(module, source);
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
    await expect(bundleCommand(module, { output: module })).rejects.toThrow(
      `--output must be a file that does not exist yet, got "${module}": name another one, or replace it with --force`,
    );
    expect(readFileSync(module, "utf8")).toBe(source);
    const secret = join(folder, "secret.mjs");
    writeFileSync(secret, "", { mode: 0o200 });
    await expect(bundleCommand(module, { output: secret })).rejects.toThrow(
      `--output must be a file that does not exist yet, got "${secret}": name another one, or replace it with --force`,
    );
    rmSync(secret);
    const bundle = join(folder, "bundle.mjs");
    for (let time = 0; time < 2; time++) await bundleCommand(module, { output: bundle });
    expect(readFileSync(bundle, "utf8")).toMatch(/^\/\/ sweep evaluation bundle/);
    await bundleCommand(module, { output: module, force: true });
    expect(readFileSync(module, "utf8")).toBe(readFileSync(bundle, "utf8"));
    jest.restoreAllMocks();
    expect(readdirSync(folder).sort()).toEqual(["bundle.mjs", "mine.mjs"]);
  });
});
