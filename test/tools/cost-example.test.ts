import { example } from "../../tools/cost/example.ts";
import { readPrices } from "../../tools/cost/price-table.ts";

describe("the user's example, 5 c5.xlarge", () => {
  const { alwaysOn, fromZero } = example(readPrices());

  test("costs about $620 when the machines are always on", () => {
    expect(alwaysOn.machineHours).toBe(3650);
    expect(alwaysOn.machinesUsd).toBeCloseTo(620.5, 6);
    expect(alwaysOn.volumesUsd).toBeCloseTo(5 * 50 * 0.08, 6);
  });

  test("costs about $10 from zero, for 22 batches of 24 minutes with start and idling", () => {
    expect(fromZero.billedSeconds).toBe(190 - 7 + 24 * 60 + 325);
    expect(fromZero.machineHours).toBeCloseTo((22 * 5 * 1948) / 3600, 6);
    expect(fromZero.machinesUsd).toBeCloseTo(59.5222 * 0.17, 3);
    expect(Math.round(fromZero.machinesUsd)).toBe(10);
  });
});
