// Rules for imports. `npx depcruise constructs stacks tools worker/src main.ts environments.ts` shows every violation;
// test/rooms.test.ts runs it. The parser is swc, because dependency-cruiser does not know TypeScript 7.

/** The floors of the worker, from low to high: a room imports its own modules and those of lower floors. */
const workerFloors = [
  ["contract"],
  ["parameters"],
  ["stores", "queue"],
  ["evaluation"],
  ["supervisor"],
  ["results", "sampling"],
  ["engine"],
  ["commands"],
];
/** The floors of the whole, from low to high. */
const floors = ["worker", "constructs", "stacks", "tools"];

const room = (...names) => `^worker/src/(${names.join("|") || "none"})/`;
/** The files above all rooms of the worker. */
const entries = "^worker/src/(index|cli)\\.ts$";

/** No room of the worker imports a higher floor, or another room of its own floor. */
const noImportUp = workerFloors.flatMap((names, floor) =>
  names.map((name) => ({
    name: `${name} imports no higher floor of the worker`,
    severity: "error",
    from: { path: room(name) },
    to: { path: [room(...names.filter((other) => other !== name), ...workerFloors.slice(floor + 1).flat()), entries] },
  })),
);

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no circular imports", severity: "error", from: {}, to: { circular: true } },
    { name: "every import is found", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...noImportUp,
    ...floors.map((name, floor) => ({
      name: `${name} imports no higher floor`,
      severity: "error",
      from: { path: `^${name}/` },
      to: { path: [`^(${floors.slice(floor + 1).join("|") || "none"})/`, "^main\\.ts$"] },
    })),
    {
      name: "only main.ts and the tools read environments.ts",
      severity: "error",
      from: { path: "^(worker|constructs|stacks)/" },
      to: { path: "^environments\\.ts$" },
    },
    {
      name: "constructs and stacks know the worker's contract only",
      comment: "Import it as sweep-worker/contract: synthesis must not load the engine.",
      severity: "error",
      from: { path: "^(constructs|stacks)/|^(main|environments)\\.ts$" },
      to: { path: "^worker/", pathNot: "^worker/src/contract/index\\.ts$" },
    },
    {
      name: "tools know the worker's contract and API only",
      comment:
        "Import them as sweep-worker/contract and sweep-worker. `sweep plan` and `npm run submit` share the options of the command line.",
      severity: "error",
      from: { path: "^tools/" },
      to: { path: "^worker/", pathNot: "^worker/src/(contract/index|index|commands/(submit-)?options)\\.ts$" },
    },
    {
      name: "the contract imports zod and Node.js only",
      comment: "esbuild is loaded when an evaluation is bundled, and not before.",
      severity: "error",
      from: { path: room("contract") },
      to: { pathNot: `${room("contract")}|^node_modules/zod/|^(node:|[a-z_]+$)|^node_modules/esbuild/` },
    },
  ],
  options: {
    parser: "swc",
    // `import type` counts.
    tsPreCompilationDeps: true,
    exclude: { path: "/dist/" },
    doNotFollow: { path: "^node_modules/" },
    webpackConfig: { fileName: ".dependency-cruiser.resolve.cjs" },
  },
};
