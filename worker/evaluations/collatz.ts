import type { ResultBlock } from "sweep-worker";

/**
 * The total stopping time of a number in the Collatz problem: the number of steps `n -> n/2` (even) or `n -> 3n + 1` (odd) that
 * lead to 1. The number 0 never reaches 1; its stopping time is defined as 0.
 *
 * @see https://oeis.org/A006577
 */
export const columns = ["steps"];

export function evaluate(parameter: number): { steps: number } {
  let steps = 0;
  let value = parameter;
  while (value > 1) {
    if (value < 0x2000_0000) {
      // 32-bit integers are several times faster than doubles; 3n + 1 stays below 2^31.
      value = (value & 1) === 0 ? value >> 1 : 3 * value + 1;
      steps++;
    } else if (value % 2 === 0) {
      value /= 2;
      steps++;
    } else if (value <= (Number.MAX_SAFE_INTEGER - 1) / 3) {
      value = 3 * value + 1;
      steps++;
    } else {
      return { steps: steps + stepsBeyondDoubles(BigInt(value)) };
    }
  }
  return { steps };
}

/** The same for values that a double cannot hold exactly. */
function stepsBeyondDoubles(start: bigint): number {
  let steps = 0;
  for (let value = start; value > 1n; steps++) value = value % 2n === 0n ? value / 2n : 3n * value + 1n;
  return steps;
}

export async function summarize(blocks: AsyncIterable<ResultBlock>): Promise<string> {
  let longest = -1;
  let at = -1;
  for await (const block of blocks) {
    const steps = block.columns.steps as Float64Array;
    for (let index = 0; index < steps.length; index++) {
      if ((steps[index] as number) > longest) {
        longest = steps[index] as number;
        at = block.start + index;
      }
    }
  }
  if (at === -1) return "Longest run: none";
  return `Longest run: starts at ${at.toLocaleString("en")}, takes ${longest.toLocaleString("en")} steps`;
}
