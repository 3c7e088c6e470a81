const { default: Runtime } = require("jest-runtime");

/** Libraries that no mutation changes: loading them again takes most of the time of a test of the constructs. */
const libraries = /^(cdktf|constructs|zod|semver|fast-check|@cdktf\/[\w-]+)(\/|$)/;

/** Jest's module loader, which loads the libraries once for all test files and all mutations. */
module.exports = class extends Runtime {
  requireModuleOrMock(from, name) {
    return libraries.test(name) ? require(name) : super.requireModuleOrMock(from, name);
  }
};
