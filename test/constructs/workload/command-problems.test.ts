import { describeProblem } from "../../../constructs/support/problems.ts";
import { commandProblems } from "../../../constructs/workload/command-problems.ts";
import { evaluationsOf } from "../../support/fixtures.ts";

const python = "docker.io/library/python:3.13-slim-bookworm";
const image = evaluationsOf(
  ["collatz"],
  {
    "evaluations/detect.py": { isExecutable: false, shebang: "#!/usr/bin/env python3" },
    "evaluations/run.py": { isExecutable: true, shebang: "#!/usr/bin/env python3" },
    "evaluations/run.mjs": { isExecutable: true, shebang: "#!/usr/local/bin/node" },
    "evaluations/spaced.mjs": { isExecutable: true, shebang: "#! /usr/local/bin/node --stack-size=4000" },
    "evaluations/native": { isExecutable: true },
    "evaluations/legacy.js": { isExecutable: false },
    "evaluations/model/index.js": { isExecutable: false },
    "evaluations/model/weights.bin": { isExecutable: false },
    "evaluations/model/__main__.py": { isExecutable: false },
  },
  {
    "evaluations/.hidden.py": "the build ignores files with such a name; rename it",
    "evaluations/collatz.ts": 'the build makes a module of it; use evaluation: "collatz"',
  },
);
const holds =
  "which has evaluations/detect.py, evaluations/run.py, evaluations/run.mjs, evaluations/spaced.mjs, evaluations/native and more";

const told = (command: string, baseImage?: string) => commandProblems(command, image, baseImage).map(describeProblem);
const refused = (command: string, fix: string) => [
  `evaluationCommand must be a command that the image can run, got ${JSON.stringify(command)}: ${fix}`,
];

test.each([
  [
    "python3 evaluations/detect.py",
    `the default base image has node and no other program; set workload.baseImage to an image with python3, for example "${python}"`,
  ],
  [
    "/usr/bin/env node evaluations/run.mjs",
    `the default base image has node and no other program; set workload.baseImage to an image with /usr/bin/env, for example "${python}"`,
  ],
  [
    "evaluations/run.py --deep",
    `evaluations/run.py begins with #!/usr/bin/env python3, and the default base image has only /usr/local/bin/node; set workload.baseImage to an image with that program, for example "${python}"`,
  ],
  [
    "node scripts/run.mjs",
    "the image does not hold scripts/run.mjs; put it into worker/evaluations and name it evaluations/run.mjs",
  ],
])("the default base image cannot run %j, and another one may", (command, fix) => {
  expect(told(command)).toEqual(refused(command, fix));
  expect(told(command, python)).toEqual([]);
});

test.each([
  [
    "python3 evaluations/detct.py",
    `evaluations/detct.py is not in the image, ${holds}; put the file into worker/evaluations`,
  ],
  [
    "python3 -m evaluations.detct",
    `evaluations/detct.py is not in the image, ${holds}; put the file into worker/evaluations`,
  ],
  [
    "python3 evaluations/detect.py --weights=/app/evaluations/none.bin",
    `evaluations/none.bin is not in the image, ${holds}; put the file into worker/evaluations`,
  ],
  ["./evaluations/none", `evaluations/none is not in the image, ${holds}; put the file into worker/evaluations`],
  [
    "evaluations/detect.py",
    "the image may not execute evaluations/detect.py; run chmod +x worker/evaluations/detect.py, or name its interpreter",
  ],
  [
    "python3 evaluations/.hidden.py",
    "evaluations/.hidden.py is not in the image: the build ignores files with such a name; rename it",
  ],
  [
    "node evaluations/collatz.ts",
    'evaluations/collatz.ts is not in the image: the build makes a module of it; use evaluation: "collatz"',
  ],
  [
    "python3 worker/evaluations/detect.py",
    "the image starts it in /app, where worker/evaluations/detect.py is evaluations/detect.py",
  ],
  [
    "/home/me/project/worker/evaluations/native",
    "the image starts it in /app, where worker/evaluations/native is evaluations/native",
  ],
  ["/opt/python3 ./detect.py", "the image starts it in /app, where this file is evaluations/detect.py"],
  [
    "python3 worker/evaluations/detct.py",
    "the image starts it in /app, where worker/evaluations/detct.py is evaluations/detct.py",
  ],
  [
    "DEPTH=2 python3 evaluations/detect.py",
    "no shell reads it, so DEPTH=2 would be the program; set the variable in the program itself, or with env of a workload.baseImage",
  ],
  ['""', "it names no program; begin with one, for example python3"],
])("no image that is built here can run %j", (command, fix) => {
  expect(told(command, python)).toEqual(refused(command, fix));
});

test.each([
  "node evaluations/run.mjs 5",
  "node -e 'process.stdin.pipe(process.stdout)'",
  "node --stack-size=4000 evaluations/run.mjs",
  "/usr/local/bin/node /app/evaluations/run.mjs",
  "evaluations/run.mjs",
  "evaluations/spaced.mjs",
  "node evaluations/legacy",
  "node evaluations/model",
  "node /app/dist/cli.mjs --version",
  "node evaluations/run.mjs detect.py --weights=legacy.js",
  "evaluations/native legacy.js https://example.org/worker/evaluations/detect.py",
  "./evaluations/native --ratio 1/2 --type application/json",
  "/app/evaluations/native evaluations/model",
])("the default base image can run %j", (command) => {
  expect(told(command)).toEqual([]);
});

test.each([
  "python3 evaluations/detect.py --weights evaluations/model/weights.bin",
  "python3 -m evaluations.model",
  "python3 -m evaluations.detect",
  "python3 /opt/tools/simulate.py",
  "evaluations/run.py",
  "sh -c 'exec simulate'",
  "python3 /opt/worker/evaluations/simulate.py",
  "env DEPTH=2 python3 evaluations/detect.py",
])("a base image of the user's own may run %j", (command) => {
  expect(told(command, python)).toEqual([]);
});

test("an image without programs says so", () => {
  expect(commandProblems("node evaluations/a.mjs", evaluationsOf(["collatz"]), undefined)[0]?.fix).toBe(
    "evaluations/a.mjs is not in the image, which has no programs yet; put the file into worker/evaluations",
  );
});
