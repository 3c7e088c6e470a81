import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  commandContentHash,
  imageContentHash,
  lockedDependencies,
} from "../../../constructs/workload/image-content.ts";

let directory: string;
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
};

const packages = {
  worker: { dependencies: { one: "^1" }, optionalDependencies: { absent: "^1" } },
  "node_modules/one": { version: "1.0.0", integrity: "sha512-one", dependencies: { two: "^2" } },
  "node_modules/one/node_modules/two": { version: "2.0.0", integrity: "sha512-inner", dependencies: { three: "^3" } },
  "node_modules/two": { version: "2.1.0", integrity: "sha512-outer" },
  "node_modules/three": { version: "3.0.0", integrity: "sha512-three", dependencies: { one: "^1" } },
  "node_modules/four": { version: "4.0.0", integrity: "sha512-four" },
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "image-content-"));
  for (const path of [".npmrc", "tsconfig.json", "worker/Dockerfile", "worker/Dockerfile.dockerignore"])
    write(path, path);
  for (const path of ["worker/build.mjs", "worker/package.json"]) write(path, path);
  write("worker/tsconfig.json", "{}");
  write("worker/src/engine/worker.ts", "export {};\n");
  write("worker/src/.editor.swp", "not a part");
  write("worker/page/page.tsx", "export {};\n");
  write("worker/evaluations/detect.py", "print('detect')\n");
  write("worker/evaluations/other.py", "print('other')\n");
  write("package-lock.json", JSON.stringify({ packages }));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

// Golden values: another algorithm gives every image another tag, and every program another run.
test("the content of an image has this hash, in whatever order arguments are given", () => {
  expect(imageContentHash(directory, {})).toBe("c6445f78ea289018d2f53f442bce13d64c36b88f0c649fedfe15e99e13855a98");
  const hash = imageContentHash(directory, { A: "1", B: "2" });
  expect(hash).toBe("5bdfae268e8e45afa0101b34639400ccff9e26c3db7007f5c388213948ef45fa");
  expect(imageContentHash(directory, { B: "2", A: "1" })).toBe(hash);
});

test("a program in another language has this hash, with the files that its command line mentions and no others", () => {
  const hash = (command = "python3 -m evaluations.detect", image?: string) =>
    commandContentHash(directory, command, image);
  const before = hash();
  expect(before).toBe("6ae3df86a1a30e33b8468ac0c7d51f6ee6e0c09a5f9dadaf26b003c9ef5273a9");
  write("worker/evaluations/other.py", "print('changed')\n");
  expect(hash()).toBe(before);
  write("worker/evaluations/detect.py", "print('changed')\n");
  expect(hash()).not.toBe(before);
  expect(hash("python3 -m evaluations.detect", "python:3.13")).not.toBe(hash());
  expect(hash("python3 -m evaluations.detect ")).not.toBe(hash());
});

test("two lists of files never have the same bytes: the lengths count", () => {
  const before = imageContentHash(directory, {});
  write("worker/build.mjs", "worker/build.mjsx");
  expect(imageContentHash(directory, {})).not.toBe(before);
});

test("locked dependencies are those Node.js would find, through nested node_modules, and optional ones where there are", () => {
  const packages = {
    "": { dependencies: { unrelated: "1" } },
    worker: { dependencies: { a: "1" }, devDependencies: { b: "1" }, optionalDependencies: { nowhere: "1" } },
    "worker/node_modules/b": { version: "2.0.0", integrity: "sha-b2" },
    "node_modules/b": { version: "1.0.0", integrity: "sha-b1" },
    "node_modules/a": {
      version: "1.0.0",
      integrity: "sha-a",
      dependencies: { b: "1", "@s/c": "1" },
      devDependencies: { unrelated: "1" },
    },
    "node_modules/a/node_modules/@s/c": { version: "3.0.0", integrity: "sha-c", dependencies: { a: "1" } },
    "node_modules/unrelated": { version: "1.0.0", integrity: "sha-u" },
  };
  // The order counts for a hash.
  expect(Object.entries(lockedDependencies(packages, "worker"))).toEqual([
    ["node_modules/a", "1.0.0 sha-a"],
    ["node_modules/a/node_modules/@s/c", "3.0.0 sha-c"],
    ["node_modules/b", "1.0.0 sha-b1"],
    ["worker/node_modules/b", "2.0.0 sha-b2"],
  ]);
  expect(lockedDependencies({}, "worker")).toEqual({});
});
