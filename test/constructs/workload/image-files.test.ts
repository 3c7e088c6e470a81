import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageEvaluations } from "../../../constructs/workload/image-files.ts";
import { temporaryDirectory } from "../../support/sweep.ts";

const directory = temporaryDirectory();

test("the files of an image are those that the build lets through, by their places in it", () => {
  const folder = join(directory, "worker/evaluations");
  const write = (name: string, text = "", mode = 0o644) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  };
  mkdirSync(join(folder, "model/__pycache__"), { recursive: true });
  write("orbit.ts");
  write("plain.mjs");
  write("run.py", "#!/usr/bin/env python3\nprint()\n", 0o755);
  write("native", "\x7fELF", 0o755);
  write("model/helper.ts");
  write("model/__pycache__/a.pyc");
  write(".env");
  write("old.py~");
  write("run.log");
  // The image refuses links to folders and to nothing, and explains them.
  symlinkSync(".", join(folder, "circle"));
  symlinkSync("none", join(folder, "broken"));
  const ignored = "the build ignores files with such a name; rename it";
  expect(imageEvaluations(directory)).toEqual({
    names: ["orbit", "plain"],
    files: new Map([
      ["evaluations/model/helper.ts", { isExecutable: false }],
      ["evaluations/native", { isExecutable: true }],
      ["evaluations/plain.mjs", { isExecutable: false }],
      ["evaluations/run.py", { isExecutable: true, shebang: "#!/usr/bin/env python3" }],
    ]),
    absent: new Map([
      ["evaluations/.env", ignored],
      ["evaluations/model/__pycache__", ignored],
      ["evaluations/old.py~", ignored],
      ["evaluations/orbit.ts", 'the build makes a module of it; use evaluation: "orbit"'],
      ["evaluations/run.log", ignored],
    ]),
  });
});
