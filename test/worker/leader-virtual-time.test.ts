import { costShapes } from "../../bench/queue-simulation.ts";
import { simulateStealing } from "../../bench/stealing-simulation.ts";

describe("in virtual time", () => {
  test.each(Object.keys(costShapes) as (keyof typeof costShapes)[])(
    "five workers of unequal speed end together, with the costs: %s",
    (shape) => {
      const { efficiency, yields, doneBy } = simulateStealing({
        shape,
        speeds: [1, 1, 1, 0.75, 0.6],
        idealSeconds: 60,
      });
      // Equal shares reach 0.69.
      expect(efficiency).toBeGreaterThan(0.99);
      expect(yields).toBeLessThan(50);
      expect(doneBy.reduce((sum, count) => sum + count, 0)).toBe(10_000_000);
    },
  );

  test.each([1, 3_600])("two equal workers end together in a run of %d s, almost without a cut", (idealSeconds) => {
    const { efficiency, yields } = simulateStealing({ shape: "constant", speeds: [1, 1], idealSeconds });
    expect(efficiency).toBeGreaterThan(0.98);
    expect(yields).toBeLessThan(3);
  });
});
