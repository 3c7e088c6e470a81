import { COST_SHAPES, judge, simulateSamples } from "../support/simulated-sample.ts";

const POPULATIONS = 20;
const SAMPLES_OF_EACH = 25;

describe.each([
  ["a quiet machine", 0],
  ["a busy machine", 4],
])("on %s", (_, busy) => {
  test.each(Object.entries(COST_SHAPES))(
    "500 samples of %s: the interval holds the truth for nine of ten, and the median error is at most 20 %%",
    (_name, shape) => {
      const samples = Array.from({ length: POPULATIONS }, (_, population) =>
        simulateSamples(shape, { population, samples: SAMPLES_OF_EACH, seconds: 1 + busy / 2, busy }),
      ).flat();
      const { coverage, medianError } = judge(samples);
      expect(coverage).toBeGreaterThanOrEqual(0.9);
      expect(medianError).toBeLessThanOrEqual(0.2);
    },
  );
});
