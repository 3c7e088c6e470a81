import { join } from "node:path";
import { buildSync } from "esbuild";
import { repository } from "../support/readme.ts";

// dependency-cruiser cannot read TSX, so this asks the bundler.
test("the page has code of its own, of two libraries, and of the worker how numbers are written", () => {
  const { metafile } = buildSync({
    absWorkingDir: join(repository, "worker/page"),
    entryPoints: ["main.tsx"],
    bundle: true,
    write: false,
    outdir: "nowhere",
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.length).toBeGreaterThan(20);
  // The shapes of the API are types alone: zod would be larger than the page.
  const known = /^([\w-]+\.tsx?|\.\.\/src\/contract\/format\.ts|(\.\.\/)+node_modules\/(preact|uplot)\/.*)$/;
  expect(inputs.filter((path) => !known.test(path))).toEqual([]);
});
