import { completeManyIndexes, manyIndexesOptions } from "./support/many-indexes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const workers = 10_000;

describeWithControlPlane("a job of ten thousand workers", manyIndexesOptions, (plane) => {
  test("completes each index exactly once", async () => {
    const { status, pods } = await completeManyIndexes(plane(), workers, 1_700_000);
    expect(status).toMatchObject({ succeeded: workers, completedIndexes: `0-${workers - 1}` });
    expect(status.failed ?? 0).toBe(0);
    const indexes = pods.map(({ metadata }) =>
      Number(metadata.annotations["batch.kubernetes.io/job-completion-index"]),
    );
    expect(indexes.sort((a, b) => a - b)).toEqual(Array.from({ length: workers }, (_, index) => index));
    expect(new Set(pods.map((pod) => pod.status.phase))).toEqual(new Set(["Succeeded"]));
  });
});
