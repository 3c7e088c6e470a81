const { join } = require("node:path");

// Tests write into the checkout and the temporary folder only. By default swc has a cache in the user's home, and Terraform notes there when
// it last asked for a newer version.
process.env.SWC_NATIVE_BINDING_CACHE ??= join(__dirname, "node_modules/.cache/swc");
process.env.CHECKPOINT_DISABLE = "1";

/** @type {import("jest").Config} */
module.exports = {
  testSequencer: "<rootDir>/test/support/longest-first.cjs",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  // cdktf.out and cdktf's temporary folders hold package.json files that would confuse the module map.
  modulePathIgnorePatterns: [
    "<rootDir>/cdktf.out",
    "<rootDir>/worker/dist",
    "<rootDir>/constructs/dist",
    "<rootDir>/.stryker-tmp",
  ],
  transform: {
    "\\.[mc]?[jt]s$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  // Libraries published as ES modules only; Jest runs tests as CommonJS, so they are transformed like our own code.
  transformIgnorePatterns: ["/node_modules/(?!(age-encryption|github-slugger|hyparquet|hyparquet-writer|jose)/)"],
  // As tsconfig.json's `paths`: tests read the packages' sources, and need no build.
  moduleNameMapper: {
    "^sweep-worker$": "<rootDir>/worker/src/index.ts",
    "^sweep-worker/contract$": "<rootDir>/worker/src/contract/index.ts",
    "^evaluation-platform-constructs$": "<rootDir>/constructs/index.ts",
  },
  // Only a hang lasts so long, on the busiest machine: see HANG_MS in test/support/until.ts, which ends programs earlier.
  testTimeout: 1_800_000,
  // test/cluster: each waits for the Job controller, which makes another pod 10, 20, 40 ... s after a failed one.
  maxConcurrency: 12,
};
