// Rules for imports. `npx depcruise constructs stacks tools worker/src main.ts environments.ts` shows every violation;
// test/rooms.test.ts runs it. The parser is swc, because dependency-cruiser does not know TypeScript 7.

/** The floors of the worker, from low to high: a room imports its own modules and those of lower floors. */
const workerFloors = [
  ["contract"],
  // The shapes of the API, whose types the page imports, too.
  ["api"],
  ["parameters"],
  ["stores", "queue"],
  ["evaluation"],
  ["supervisor"],
  ["results", "sampling"],
  // What people want to see of a sweep, from its bucket alone.
  ["engine", "monitoring"],
  ["service"],
  ["commands"],
];
/** The floors of the constructs, from low to high. */
const constructFloors = [
  ["support"],
  ["network"],
  ["cluster"],
  ["pools"],
  ["addons", "storage", "workload"],
  // Executors run in the pod of a worker, and their autoscaling is a chart.
  ["queue"],
  // The API submits to queues, and shows what executors do.
  ["services"],
];
/** The floors of the whole, from low to high. */
const floors = ["worker", "constructs", "stacks", "tools"];

const roomIn = (folder, ...names) => `^${folder}/(${names.join("|") || "none"})/`;
const room = (...names) => roomIn("worker/src", ...names);

/** No room of a house imports a higher floor, another room of its own floor, or a file above all rooms. */
const noImportUp = (house, folder, houseFloors, entries) =>
  houseFloors.flatMap((names, floor) =>
    names.map((name) => ({
      name: `${name} imports no higher floor of the ${house}`,
      severity: "error",
      from: { path: roomIn(folder, name) },
      to: {
        path: [
          roomIn(folder, ...names.filter((other) => other !== name), ...houseFloors.slice(floor + 1).flat()),
          `^${folder}/(${entries})\\.ts$`,
        ],
      },
    })),
  );

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no circular imports", severity: "error", from: {}, to: { circular: true } },
    { name: "every import is found", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...noImportUp("worker", "worker/src", workerFloors, "index|cli"),
    ...noImportUp("constructs", "constructs", constructFloors, "index"),
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
        "Import them as sweep-worker/contract and sweep-worker. `sweep plan` and `npm run submit` share the options of the command line, and `npm run docs` writes its help down.",
      severity: "error",
      from: { path: "^tools/" },
      to: { path: "^worker/", pathNot: "^worker/src/(contract/index|index|cli|commands/(submit-)?options)\\.ts$" },
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
    // Entry points such as hono/timeout are in a package's exports only.
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
    webpackConfig: { fileName: ".dependency-cruiser.resolve.cjs" },
  },
};
