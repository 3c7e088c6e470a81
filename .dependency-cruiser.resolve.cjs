const { join } = require("node:path");

// As tsconfig.json's `paths`: the packages' sources, and no build.
module.exports = {
  resolve: {
    alias: {
      "sweep-worker/contract$": join(__dirname, "worker/src/contract/index.ts"),
      "sweep-worker$": join(__dirname, "worker/src/index.ts"),
      "evaluation-platform-constructs$": join(__dirname, "constructs/index.ts"),
    },
  },
};
