const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { default: Sequencer } = require("@jest/test-sequencer");

/**
 * The files that take longest, longest first. Jest knows no times in a fresh clone and would begin with the largest files: the last of
 * these would then run alone, for minutes.
 */
const longest = [
  "cluster/many-indexes.cluster",
  "cluster/worker.cluster",
  "cluster/executors.cluster",
  "lifecycle/changes.long",
  "lifecycle/lifecycle.long",
  "worker/executor.long",
  "worker/interruption.long",
  "readme-commands.long",
  "worker/work-stealing.long",
  "tools/plan.long",
  "worker/submit.long",
  "worker/sample-coverage.long",
  "terraform/platform-apply.long",
  "worker/damage.long",
  "tools/deploy.long",
].map((name) => join(__dirname, "..", `${name}.test.ts`));

const missing = longest.filter((path) => !existsSync(path));
if (missing.length > 0) throw new Error(`longest-first.cjs names tests that are not there: ${missing.join(", ")}`);

module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => (longest.includes(path) ? longest.indexOf(path) : longest.length);
    return [...super.sort(tests)].sort((a, b) => place(a) - place(b));
  }
};
