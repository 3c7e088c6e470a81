import { startControlPlane } from "../test/cluster/support/control-plane.ts";
import { completeManyIndexes, manyIndexesOptions } from "../test/cluster/support/many-indexes.ts";
import { missingPrograms } from "../test/cluster/support/programs.ts";
import type { Measurement } from "./measurement.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Measures how many workers of one Job a real control plane on this machine completes in a second. KEP-3850 publishes 222.7 s for
 * 10,000 indexes with the same limit of requests.
 */
export async function measureIndexes({ scaled, report }: Workspace): Promise<Measurement[]> {
  const workers = scaled(10_000);
  const name = `workers of one Job that the control plane starts, runs and counts, ${workers} at once`;
  const row = { name, unit: "pods/s", limit: { atLeast: 45 } } as const;
  const missing = missingPrograms();
  if (missing.length > 0) {
    return [{ ...row, detail: `${missing.join(", ")} are not built; npm run test:cluster builds them` }];
  }
  report(`indexes: ${workers} workers of one Job`);
  const plane = await startControlPlane(manyIndexesOptions);
  try {
    const { status, seconds } = await completeManyIndexes(plane, workers, 3_600_000);
    if (status.succeeded !== workers) throw new Error(`only ${status.succeeded} workers succeeded`);
    const flags = manyIndexesOptions.controllerManagerFlags?.join(" ");
    return [{ ...row, value: workers / seconds, detail: `${seconds.toFixed(1)} s; kube-controller-manager ${flags}` }];
  } finally {
    await plane.stop();
  }
}
