import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PermanentError } from "sweep-worker";
import type { RunIdentity } from "../../worker/src/contract/identity.ts";
import { runWorker } from "../../worker/src/engine/worker.ts";
import { findEvaluation } from "../../worker/src/evaluation/source.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { testIdentity } from "../support/stores.ts";
import { readColumn, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const source = writeEvaluation(
  directory,
  "uploaded",
  "export const columns = ['twice']; export const evaluate = (parameter: number) => ({ twice: 2 * parameter });",
);
const { bundle, sha256 } = findEvaluation(source);
let places = 0;

/** A run that somebody has created, with an evaluation that is in no image. */
async function created(changes: Partial<RunIdentity> = {}, contents: "bundle" | "nothing" = "bundle"): Promise<string> {
  const place = join(directory, `place-${places++}`);
  const identity = {
    ...testIdentity(100, 10, ["twice"]),
    evaluation: "uploaded",
    evaluationSha256: sha256,
    ...changes,
  };
  await (await openStore(place)).create(identity, contents === "bundle" ? bundle : undefined);
  return place;
}

const worker = (place: string) =>
  runWorker({
    workerId: 0,
    totalWorkers: 1,
    totalParameters: 100,
    batchSize: 10,
    evaluation: "results:",
    resultsUrl: `file:${place}`,
  });

test("a worker takes the evaluation that lies beside its results", async () => {
  const place = await created();
  expect(await worker(place)).toMatchObject({ committed: 100 });
  expect([...readColumn(place, "twice")]).toEqual(Array.from({ length: 100 }, (_, parameter) => 2 * parameter));
  expect(JSON.parse(readFileSync(join(place, "run.json"), "utf8")).evaluation).toBe("uploaded");
});

test("an evaluation with other columns than those of the run ends its worker for good", async () => {
  const place = await created({ columns: ["steps"] });
  const refused = worker(place);
  await expect(refused).rejects.toThrow(
    `file:${place} holds the results of another run: columns is ["steps"] there and ["twice"] here`,
  );
  await expect(refused).rejects.toBeInstanceOf(PermanentError);
});

test("results without an evaluation, and no results, end it for good, too", async () => {
  const place = await created({}, "nothing");
  await expect(worker(place)).rejects.toThrow(`file:${place} holds no evaluation: submit the run again`);
  const nowhere = join(directory, "nowhere");
  await expect(worker(nowhere)).rejects.toThrow(`file:${nowhere} holds no results: it has no run.json`);
  const settings = { workerId: 0, totalWorkers: 1, totalParameters: 1, evaluation: "results:" };
  await expect(runWorker(settings)).rejects.toThrow(
    'resultsUrl must be the place of a run that was created before, got nothing: "results:" is the evaluation beside the results; set it',
  );
});
