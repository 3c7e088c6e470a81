import { CounterBasedContext, threefry2x32 } from "../../worker/src/parameters/random.ts";

// Random123's kat_vectors for threefry2x32 with 20 rounds; JAX tests against the same.
test.each([
  { key: [0, 0], counter: [0, 0], expected: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], expected: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], expected: [0xc4923a9c, 0x483df7a0] },
] as const)("threefry2x32 gives the published words for key $key", ({ key, counter, expected }) => {
  const output = new Uint32Array(2);
  threefry2x32(key[0], key[1], counter[0], counter[1], output);
  expect([...output]).toEqual(expected);
});

function draw(seed: number, parameter: number, count: number): number[] {
  const context = new CounterBasedContext(seed);
  context.moveTo(parameter);
  return Array.from({ length: count }, () => context.random());
}

test("the numbers of a parameter do not depend on what was drawn before for others", () => {
  const context = new CounterBasedContext(5);
  for (const parameter of [9, 3, 1e15]) {
    context.moveTo(parameter);
    context.random();
  }
  context.moveTo(3);
  expect([context.random(), context.random(), context.random()]).toEqual(draw(5, 3, 3));
});

test("the numbers differ by seed, by parameter (also above 2^32) and by draw", () => {
  const parameters = [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52];
  const numbers = [1, 2, 2 ** 40].flatMap((seed) => parameters.flatMap((parameter) => draw(seed, parameter, 20)));
  expect(new Set(numbers).size).toBe(numbers.length);
});
