import type { Measurement } from "./measurement.ts";
import { costShapes, fleets, type Simulated, simulate } from "./queue-simulation.ts";

const run = { executors: 50, slots: 2, idealSeconds: 600, sliceSeconds: 30 } as const;

/** Simulates runs of ten minutes on a queue, for each shape of costs and each fleet. The table of docs/queue.md comes from here. */
export async function measureQueue(): Promise<Measurement[]> {
  return (Object.keys(fleets) as Simulated["fleet"][]).map((fleet) => {
    const outcomes = (Object.keys(costShapes) as Simulated["shape"][]).map((shape) => ({
      shape,
      ...simulate({ ...run, shape, fleet }),
    }));
    return {
      name: `ideal time of a run on a queue / simulated time, ${run.executors} executors of ${run.slots} slots for 10 min, ${fleet}, worst shape`,
      value: Math.min(...outcomes.map(({ efficiency }) => efficiency)),
      unit: "x",
      limit: { atLeast: 0.95 },
      detail: outcomes
        .map(({ shape, efficiency, messages }) => `${shape}: ${efficiency.toFixed(3)} with ${messages} messages`)
        .join("; "),
    };
  });
}
