import { createHash } from "node:crypto";
import { sha256OfBundle } from "../../worker/src/contract/evaluation-bundle.ts";
import { parseRunFile, RESULTS_FORMAT, runHash, serializeRunFile } from "../../worker/src/contract/identity.ts";

/** A run.json of an earlier version. */
const withoutChecksum = (text: string) => text.replace(/,\n {2}"checksum": "[0-9a-f]{64}"/, "");

test("run.json has a checksum of itself, and the identity of earlier versions stays readable", () => {
  const identity = {
    format: RESULTS_FORMAT,
    evaluation: "triple",
    evaluationSha256: "0".repeat(64),
    columns: ["value"],
    totalParameters: 100,
    batchSize: 10,
    seed: 3,
  };
  const text = serializeRunFile(identity);
  const before = withoutChecksum(text);
  expect(JSON.parse(text)).toEqual({ ...identity, checksum: createHash("sha256").update(before).digest("hex") });
  // The name of a run does not depend on the file.
  expect(runHash(identity)).toBe(JSON.parse(text).checksum.slice(0, 8));
  expect(parseRunFile(text, "run.json")).toEqual({ identity, isChecked: true });
  expect(parseRunFile(before, "run.json")).toEqual({ identity, isChecked: false });
  for (const damaged of [
    "null",
    "7",
    "[]",
    "{}",
    "{}\n",
    "",
    serializeRunFile({ ...identity, format: "sweep-results/2" }),
    text.trimEnd(),
    `${text} `,
    text.replace('"checksum"', '"check"'),
  ])
    expect(() => parseRunFile(damaged, "run.json")).toThrow("run.json is damaged or of another version.");
  for (const changed of [
    text.replace(": 3", ": 7"),
    text.replace("triple", "other"),
    text.replace(/[0-9a-f]{9}"\n/, '123456789"\n'),
  ])
    expect(() => parseRunFile(changed, "run.json")).toThrow(
      "run.json does not match its checksum: it was changed after the run had begun. " +
        "It identifies the run of the results beside it: undo the change, or use another place for the results",
    );
});

test("the hash of a bundle leaves out its source map, and nothing that runs", () => {
  const code = "export const evaluate = () => 1;";
  const map = "\n//# sourceMappingURL=data:application/json;base64,e30=";
  const hash = createHash("sha256").update(code).digest("hex");
  for (const text of [code, `${code}${map}`, `${code}${map}\n`]) expect(sha256OfBundle(Buffer.from(text))).toBe(hash);
  for (const newline of ["\n", "\r", "\u2028", "\u2029"]) {
    expect(sha256OfBundle(Buffer.from(`${code}${map}${newline}globalThis.changed = 1;`))).not.toBe(hash);
  }
});
